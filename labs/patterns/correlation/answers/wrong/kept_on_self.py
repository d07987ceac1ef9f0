"""The id is kept on the middleware object, which serves all requests.

exercise: every_answer
check: test_lines_keep_apart
cause: Requests that run at the same time get each other's id
"""


class CorrelationMiddleware:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-correlation-id")
        self.ident = new_id() if given is None else choose_id(given)
        correlation_id.set(self.ident)

        async def send_with_id(message):
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Correlation-ID"] = self.ident
            await send(message)

        await self.app(scope, receive, send_with_id)
