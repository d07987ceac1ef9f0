"""Adds the headers to those that are there, so that /docs has two policies

exercise: everywhere
check: test_docs_work
cause: a browser obeys both
"""
class Adding:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        async def send_with_headers(message):
            if message["type"] == "http.response.start":
                for name, value in security_headers(scope["scheme"] == "https").items():
                    MutableHeaders(scope=message).append(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def protect(app):
    return Adding(app)
