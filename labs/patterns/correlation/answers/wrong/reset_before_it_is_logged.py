"""The variable is reset on the way out, and the crash is logged further out.

check: test_crash_is_logged_with_the_id
cause: after a reset in a finally
"""
# %% every_answer
class CorrelationMiddleware:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-correlation-id")
        ident = new_id() if given is None else choose_id(given)
        scope.setdefault("state", {})["ident"] = ident
        token = correlation_id.set(ident)

        async def send_with_id(message):
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Correlation-ID"] = ident
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        finally:
            correlation_id.reset(token)


# %% accidents
def answer_accidents(app):
    @app.exception_handler(Exception)
    async def answer(request, error):
        ident = request.state.ident
        log.error("request_failed", exc_info=error)
        body = {"error": "INTERNAL_ERROR", "message": "Sorry.", "correlation_id": ident}
        return JSONResponse(body, 500, {"X-Correlation-ID": ident})
