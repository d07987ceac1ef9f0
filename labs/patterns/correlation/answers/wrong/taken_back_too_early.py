"""The variable is reset as soon as the answer begins.

exercise: every_answer
check: test_libraries_lines_have_the_id
cause: don't take it back before the answer has gone out
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
        token = correlation_id.set(ident)

        async def send_with_id(message):
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Correlation-ID"] = ident
                correlation_id.reset(token)
            await send(message)

        await self.app(scope, receive, send_with_id)
