"""The whole answer is held back until it is complete, so that an error can still replace it.

exercise: boundary
check: test_broken_transfer
cause: held back until the stream had failed
"""


class Boundary:
    def __init__(self, app, handlers):
        self.app, self.handlers = app, handlers

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        messages = []

        async def keep(message):
            messages.append(message)

        try:
            await self.app(scope, receive, keep)
        except Exception as error:
            handler = next(self.handlers[kind] for kind in type(error).__mro__ if kind in self.handlers)
            await (await handler(Request(scope), error))(scope, receive, send)
        else:
            for message in messages:
                await send(message)


def add_boundary(app):
    app.add_middleware(Boundary, handlers=app.exception_handlers)
