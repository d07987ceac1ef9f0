"""A hostile id is answered with 400 by the service.

check: test_hostile_id_is_replaced
cause: replace it and go on
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
        correlation_id.set(ident)
        if given is not None and ident != given:
            await JSONResponse({"error": "BAD_REQUEST"}, 400, {"X-Correlation-ID": ident})(scope, receive, send)
            return

        async def send_with_id(message):
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Correlation-ID"] = ident
            await send(message)

        await self.app(scope, receive, send_with_id)
