"""Whether the answer has started is an attribute: one for all requests.

exercise: boundary
check: test_error_in_a_middleware
cause: one request leaves something behind for the next
"""


class Boundary:
    def __init__(self, app, handlers):
        self.app, self.handlers = app, handlers
        self.started = False

    async def __call__(self, scope, receive, send):
        async def watch(message):
            if message["type"] == "http.response.start":
                self.started = True
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except Exception as error:
            if self.started:
                raise
            handler = next(self.handlers[kind] for kind in type(error).__mro__ if kind in self.handlers)
            await (await handler(Request(scope), error))(scope, receive, send)


def add_boundary(app):
    app.add_middleware(Boundary, handlers=app.exception_handlers)
