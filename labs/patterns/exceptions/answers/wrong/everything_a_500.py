"""The boundary answers 500 to whatever arrives.

exercise: boundary
check: test_error_in_a_middleware
cause: an answer of 500 for everything makes an accident of a conflict
"""


class Boundary:
    def __init__(self, app):
        self.app = app

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
                raise
            log.error("request_failed", exc_info=error)
            response = error_response(500, "INTERNAL_ERROR", "Something went wrong here. Please tell us the correlation id.")
            await response(scope, receive, send)


def add_boundary(app):
    app.add_middleware(Boundary)
