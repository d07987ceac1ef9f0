"""An error of its own, raised while the route reads

exercise: body_limit
check: test_announced_body
cause: somebody further in makes something else of it
"""
def limit_body(app):
    class BodyLimit:
        def __init__(self, inner):
            self.inner = inner

        async def __call__(self, scope, receive, send):
            size = 0

            async def counted():
                nonlocal size
                message = await receive()
                size += len(message.get("body", b""))
                if size > MAX_BODY:
                    raise ValueError("too large")
                return message

            await self.inner(scope, counted if scope["type"] == "http" else receive, send)

    app.add_middleware(BodyLimit)
