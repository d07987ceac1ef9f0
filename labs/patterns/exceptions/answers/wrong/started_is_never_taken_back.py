"""Whether the answer has started is an attribute, and a broken transfer leaves it set.

exercise: boundary
check: test_requests_do_not_disturb_each_other
cause: A 409 became a 500
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
        self.started = False


def add_boundary(app):
    app.add_middleware(Boundary, handlers=app.exception_handlers)
