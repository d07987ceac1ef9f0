"""log.exception in a plain def: the worker thread has no current exception.

check: test_crash_is_logged_once
cause: runs in a worker thread
"""
# %% accidents
def handle_crashes(app):
    @app.exception_handler(Exception)
    def answer_crash(request, error):
        log.exception("request_failed")
        return error_response(500, "INTERNAL_ERROR", "Something went wrong.")


# %% boundary
from starlette.middleware.exceptions import ExceptionMiddleware


def add_boundary(app):
    app.add_middleware(ExceptionMiddleware, handlers=app.exception_handlers)
