"""A handler for Exception, which runs outside of every middleware.

exercise: accidents
check: test_crash_has_the_header
cause: both run in ServerErrorMiddleware
"""


def answer_accidents(app):
    @app.exception_handler(Exception)
    async def answer(request, error):
        log.error("request_failed", exc_info=error)
        body = {"error": "INTERNAL_ERROR", "message": "Sorry.", "correlation_id": correlation_id.get()}
        return JSONResponse(body, 500)
