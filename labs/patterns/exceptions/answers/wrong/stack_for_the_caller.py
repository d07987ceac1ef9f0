"""The stack goes into the answer.

exercise: accidents
check: test_crash_tells_the_caller_nothing
cause: The answer shows
"""


def handle_crashes(app):
    @app.exception_handler(Exception)
    async def answer_crash(request, error):
        log.error("request_failed", exc_info=error)
        stack = traceback.format_exception(error)
        return error_response(500, "INTERNAL_ERROR", "Something went wrong.", stack=stack)
