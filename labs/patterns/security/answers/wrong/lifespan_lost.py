"""The scheme is asked of every scope, and the lifespan has none: the server takes it for an app without a lifespan

exercise: everywhere
check: test_answers_that_no_route_made
cause: the lifespan has not run
"""
class Protected:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        ours = security_headers(scope["scheme"] == "https")

        async def send_with_headers(message):
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in ours.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)


def protect(app):
    return Protected(app)
