"""A crash is reported as 503, so clients try again.

exercise: accidents
check: test_crash_has_the_shape
cause: An accident is a 500
"""


def handle_crashes(app):
    @app.exception_handler(Exception)
    async def answer_crash(request, error):
        log.error("request_failed", exc_info=error)
        return error_response(503, "INTERNAL_ERROR", "Something went wrong.")
