"""The exception's text is the message.

exercise: accidents
check: test_crash_tells_the_caller_nothing
cause: shows the exception's text
"""


def handle_crashes(app):
    @app.exception_handler(Exception)
    async def answer_crash(request, error):
        log.error("request_failed", exc_info=error)
        return error_response(500, "INTERNAL_ERROR", str(error))
