"""The boundary never asks whether the answer has started, and sends another one.

exercise: boundary
check: test_broken_transfer_is_logged
cause: A second answer was sent after the first had begun
"""


class Boundary:
    def __init__(self, app, handlers):
        self.app, self.handlers = app, handlers

    async def __call__(self, scope, receive, send):
        try:
            await self.app(scope, receive, send)
        except Exception as error:
            handler = next(self.handlers[kind] for kind in type(error).__mro__ if kind in self.handlers)
            await (await handler(Request(scope), error))(scope, receive, send)


def add_boundary(app):
    app.add_middleware(Boundary, handlers=app.exception_handlers)
