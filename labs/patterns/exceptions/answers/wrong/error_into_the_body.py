"""When the answer has started, the error is written into its body.

exercise: boundary
check: test_broken_transfer
cause: a complete file with garbage at its end
"""


class Boundary:
    def __init__(self, app, handlers):
        self.app, self.handlers = app, handlers

    async def __call__(self, scope, receive, send):
        started = False

        async def watch(message):
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except Exception as error:
            handler = next(self.handlers[kind] for kind in type(error).__mro__ if kind in self.handlers)
            response = await handler(Request(scope), error)
            if started:
                await send({"type": "http.response.body", "body": response.body, "more_body": False})
            else:
                await response(scope, receive, send)


def add_boundary(app):
    app.add_middleware(Boundary, handlers=app.exception_handlers)
