"""A decorator around every route's function, which what a dependency raises never reaches.

exercise: one_shape
check: test_error_from_a_dependency
cause: no handler takes this error
"""

from functools import wraps

from fastapi.routing import APIRoute


def error_response(status, code, message, headers=None, **more):
    return JSONResponse({"error": code, "message": message, "correlation_id": correlation_id.get(), **more}, status, headers)


def guarded(endpoint):
    @wraps(endpoint)
    async def call(*args, **kwargs):
        try:
            return await endpoint(*args, **kwargs)
        except ServiceError as error:
            return error_response(error.status, error.code, str(error))

    return call


class GuardedRoute(APIRoute):
    def __init__(self, path, endpoint, **options):
        super().__init__(path, guarded(endpoint), **options)


def handle_service_errors(app):
    app.router.route_class = GuardedRoute
