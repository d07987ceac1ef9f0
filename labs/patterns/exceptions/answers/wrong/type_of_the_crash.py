"""The exception's type is told to the caller.

exercise: accidents
check: test_crash_tells_the_caller_nothing
cause: shows the exception's type
"""


def handle_crashes(app):
    @app.exception_handler(Exception)
    async def answer_crash(request, error):
        log.error("request_failed", exc_info=error)
        return error_response(500, "INTERNAL_ERROR", "Something went wrong.", type=type(error).__name__)
