"""The boundary is @app.middleware("http"): a stream that dies ends cleanly.

exercise: boundary
check: test_broken_transfer
cause: @app.middleware("http")
"""


def add_boundary(app):
    @app.middleware("http")
    async def boundary(request, call_next):
        try:
            return await call_next(request)
        except Exception as error:
            handlers = app.exception_handlers
            handler = next(handlers[kind] for kind in type(error).__mro__ if kind in handlers)
            return await handler(request, error)
