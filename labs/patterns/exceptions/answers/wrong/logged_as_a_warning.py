"""The stack is logged as a warning.

exercise: accidents
check: test_crash_is_logged_once
cause: not at error
"""


def handle_crashes(app):
    @app.exception_handler(Exception)
    async def answer_crash(request, error):
        log.warning("request_failed", exc_info=error)
        return error_response(500, "INTERNAL_ERROR", "Something went wrong.")
