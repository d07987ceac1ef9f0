"""The boundary answers the service's own errors; a crash still goes on to the layer outside of the header.

exercise: boundary
check: test_crash_keeps_the_header
cause: lives in the outermost layer of all
"""


class Boundary:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        try:
            await self.app(scope, receive, send)
        except ServiceError as error:
            await error_response(error.status, error.code, str(error))(scope, receive, send)


def add_boundary(app):
    app.add_middleware(Boundary)
