"""Only Content-Length is looked at

exercise: body_limit
check: test_chunked_body
cause: Only a header was looked at
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
            await self.inner(scope, receive, send)

    app.add_middleware(BodyLimit)
