"""The header is appended, by two pieces of code.

exercise: every_answer
check: test_every_answer_has_an_id
cause: is on the answer 2 times
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
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).append("X-Correlation-ID", ident)
                MutableHeaders(scope=message).append("X-Correlation-ID", ident)
            await send(message)

        await self.app(scope, receive, send_with_id)
