"""The id is a default argument: made when the class is.

exercise: every_answer
check: test_every_answer_has_an_id
cause: It is made once
"""


class CorrelationMiddleware:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send, fresh=uuid4().hex):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-correlation-id")
        ident = fresh if given is None else choose_id(given)
        correlation_id.set(ident)

        async def send_with_id(message):
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Correlation-ID"] = ident
            await send(message)

        await self.app(scope, receive, send_with_id)
