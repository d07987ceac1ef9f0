"""The id is set by a wrapper around the routes only, as a dependency would.

check: test_errors_have_one
cause: what is set in a route, a dependency or a router never ran
"""
# %% every_answer
class CorrelationMiddleware:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_id(message):
            if message["type"] == "http.response.start" and "route" in scope:
                given = Headers(scope=scope).get("x-correlation-id")
                ident = new_id() if given is None else choose_id(given)
                MutableHeaders(scope=message)["X-Correlation-ID"] = ident
            await send(message)

        await self.app(scope, receive, send_with_id)
