"""When the answer has started, the exception is dropped without a word.

exercise: boundary
check: test_broken_transfer_is_logged
cause: the log says nothing
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
            if started:
                return
            handler = next(self.handlers[kind] for kind in type(error).__mro__ if kind in self.handlers)
            await (await handler(Request(scope), error))(scope, receive, send)


def add_boundary(app):
    app.add_middleware(Boundary, handlers=app.exception_handlers)
