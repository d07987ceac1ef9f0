"""The boundary stands outside of everything, the middleware with the header included.

exercise: boundary
check: test_error_in_a_middleware
cause: lacks the header X-Correlation-ID
"""


def add_boundary(app):
    build = app.build_middleware_stack

    def build_with_boundary():
        inner = build().app

        async def boundary(scope, receive, send):
            started = False

            async def watch(message):
                nonlocal started
                started = True
                await send(message)

            try:
                await inner(scope, receive, watch)
            except Exception as error:
                if started:
                    raise
                handlers = app.exception_handlers
                handler = next(handlers[kind] for kind in type(error).__mro__ if kind in handlers)
                await (await handler(Request(scope), error))(scope, receive, send)

        return boundary

    app.build_middleware_stack = build_with_boundary
