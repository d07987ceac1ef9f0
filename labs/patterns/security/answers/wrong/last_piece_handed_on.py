"""Only the last piece is handed on

exercise: body_limit
check: test_body_within_the_limit
cause: every piece of it
"""
def limit_body(app):
    class BodyLimit:
        def __init__(self, inner):
            self.inner = inner

        async def __call__(self, scope, receive, send):
            if scope["type"] != "http":
                await self.inner(scope, receive, send)
                return
            refusal = error_response(413, "Too large.")
            if int(Headers(scope=scope).get("content-length", "0")) > MAX_BODY:
                await refusal(scope, receive, send)
                return
            pieces, size = [], 0
            while not pieces or pieces[-1].get("more_body"):
                pieces.append(await receive())
                size += len(pieces[-1].get("body", b""))
                if size > MAX_BODY:
                    await refusal(scope, receive, send)
                    return

            async def replay():
                return pieces.pop() if pieces else await receive()

            await self.inner(scope, replay, send)

    app.add_middleware(BodyLimit)
