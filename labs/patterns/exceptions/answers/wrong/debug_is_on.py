"""debug=True, and no boundary that gets in first: Starlette answers with the traceback.

check: test_crash_has_the_shape
cause: debug is on
"""
# %% accidents
def handle_crashes(app):
    app.debug = True

    @app.exception_handler(Exception)
    async def answer_crash(request, error):
        log.error("request_failed", exc_info=error)
        return error_response(500, "INTERNAL_ERROR", "Something went wrong.")


# %% boundary
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
