"""The crash is answered and nobody but the server logs it.

exercise: accidents
check: test_crash_is_logged_with_the_id
cause: Only the server logged the crash
"""


def answer_accidents(app):
    @app.exception_handler(Exception)
    async def answer(request, error):
        ident = correlation_id.get()
        body = {"error": "INTERNAL_ERROR", "message": "Sorry.", "correlation_id": ident}
        return JSONResponse(body, 500, {"X-Correlation-ID": ident})
