"""Counted in `receive` while the route reads; headers set on the raw list; the stack of the app rebuilt instead of wrapped."""
# %% everywhere
def protect(app):
    build = app.build_middleware_stack

    def build_protected():
        inner = build()

        async def stack(scope, receive, send):
            if scope["type"] != "http":
                return await inner(scope, receive, send)

            async def stamp(message):
                if message["type"] == "http.response.start":
                    given = list(message.get("headers", []))
                    there = {name.lower() for name, _ in given}
                    ours = security_headers(scope["scheme"] == "https").items()
                    pairs = [(name.lower().encode(), value.encode()) for name, value in ours]
                    message = {**message, "headers": given + [pair for pair in pairs if pair[0] not in there]}
                await send(message)

            await inner(scope, receive, stamp)

        return stack

    app.build_middleware_stack = build_protected
    return app


# %% body_limit
def limit_body(app):
    class Counted:
        def __init__(self, inner):
            self.inner = inner

        async def __call__(self, scope, receive, send):
            if scope["type"] != "http":
                return await self.inner(scope, receive, send)
            left = MAX_BODY
            length = dict(scope["headers"]).get(b"content-length", b"0")

            async def counted():
                nonlocal left
                if length.isdigit() and int(length) > MAX_BODY:
                    raise StarletteHTTPException(413, "At most 64 KiB.")
                message = await receive()
                left -= len(message.get("body", b""))
                if left < 0:
                    raise StarletteHTTPException(413, "At most 64 KiB.")
                return message

            await self.inner(scope, counted, send)

    app.add_middleware(Counted)
