"""The handler answers and leaves the log to the server, whose record has no id.

check: test_crash_is_logged_once
cause: The only trace is the server's own record
"""
# %% accidents
def handle_crashes(app):
    @app.exception_handler(Exception)
    async def answer_crash(request, error):
        return error_response(500, "INTERNAL_ERROR", "Went wrong.", {"X-Correlation-ID": correlation_id.get()})


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
