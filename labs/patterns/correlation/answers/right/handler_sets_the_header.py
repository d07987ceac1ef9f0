"""The handler for Exception, out there, sets the header itself; the id is also kept in the scope's state.
"""
# %% every_answer
class CorrelationMiddleware:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        sent = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-correlation-id"]
        ident = choose_id(sent[0]) if sent else new_id()
        scope.setdefault("state", {})["ident"] = ident
        token = correlation_id.set(ident)

        async def stamp(message):
            if message["type"] == "http.response.start":
                others = [(name, value) for name, value in message.get("headers", []) if name != b"x-correlation-id"]
                message = {**message, "headers": [*others, (b"x-correlation-id", ident.encode())]}
            await send(message)

        try:
            await self.app(scope, receive, stamp)
        finally:
            correlation_id.reset(token)


# %% accidents
def answer_accidents(app):
    @app.exception_handler(Exception)
    async def answer(request, error):
        ident = request.state.ident
        correlation_id.set(ident)
        log.error("request_failed", exc_info=error)
        body = {"error": "INTERNAL_ERROR", "message": "Sorry.", "correlation_id": ident}
        return JSONResponse(body, 500, {"X-Correlation-ID": ident})
