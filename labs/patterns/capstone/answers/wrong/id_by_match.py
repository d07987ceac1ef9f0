"""The id is matched at its beginning only, and what follows comes along.

exercise: stack
check: test_strangers_id_goes_nowhere
cause: Every answer needs a valid X-Correlation-ID
"""


class Correlate:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        given = Headers(scope=scope).get("x-correlation-id", "")
        ident = given if re.match(r"[A-Za-z0-9._-]{8,64}", given) else uuid4().hex
        correlation_id.set(ident)

        async def stamped(message):
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Correlation-ID"] = ident
            await send(message)

        await self.app(scope, receive, stamped)


def add_middlewares(app):
    for middleware in (ConflictDrill, BodyLimit, Boundary, SecurityHeaders, Correlate):
        app.add_middleware(middleware)
