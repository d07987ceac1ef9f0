"""The header is only put on answers that succeed.

exercise: every_answer
check: test_errors_have_one
cause: No route of yours made this answer
"""


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

        async def send_with_id(message):
            if message["type"] == "http.response.start" and message["status"] < 400:
                MutableHeaders(scope=message)["X-Correlation-ID"] = ident
            await send(message)

        await self.app(scope, receive, send_with_id)
