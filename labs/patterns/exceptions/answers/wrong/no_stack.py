"""The text of the exception is logged, not its stack.

exercise: accidents
check: test_crash_is_logged_once
cause: logged without its stack
"""


def handle_crashes(app):
    @app.exception_handler(Exception)
    async def answer_crash(request, error):
        log.error("request failed: %s", error)
        return error_response(500, "INTERNAL_ERROR", "Something went wrong.")
