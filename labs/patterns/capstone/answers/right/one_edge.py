"""One class is the whole edge: id, headers, limit and boundary together."""
# %% stack
class Edge:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        given = Headers(scope=scope).get("x-correlation-id") or ""
        ident = given if re.fullmatch(r"[A-Za-z0-9._-]{8,64}", given) else str(uuid4())
        correlation_id.set(ident)
        forwarded = Headers(scope=scope).get("x-forwarded-proto") == "https"
        started = False

        async def out(message):
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers["x-correlation-id"] = ident
                for name, value in SecurityHeaders.values.items():
                    headers.setdefault(name, value)
                if forwarded:
                    headers["strict-transport-security"] = "max-age=31536000"
            await send(message)

        try:
            await BodyLimit(self.app)(scope, receive, out)
        except Exception as error:
            if started:
                raise
            await (await answer_error(Request(scope), error))(scope, receive, out)


def add_middlewares(app):
    app.add_middleware(ConflictDrill)
    app.add_middleware(Edge)
