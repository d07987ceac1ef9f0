"""A route class converts what is raised inside the route; the rest is done by thin layers around it."""
# %% one_shape
from fastapi.routing import APIRoute


def error_response(status, code, message, headers=None, **more):
    return JSONResponse({"error": code, "message": message, "correlation_id": correlation_id.get()} | more, status, headers)


def handle_service_errors(app):
    class ErrorRoute(APIRoute):
        def get_route_handler(self):
            handler = super().get_route_handler()

            async def handle(request):
                try:
                    return await handler(request)
                except ServiceError as error:
                    return error_response(error.status, error.code, str(error))
                except RequestValidationError as error:
                    return invalid(error)

            return handle

    app.router.route_class = ErrorRoute


# %% framework_errors
def handle_http_errors(app):
    async def handle(request, error):
        return error_response(error.status_code, CODES[error.status_code], error.detail, headers=error.headers)

    app.add_exception_handler(StarletteHTTPException, handle)


# %% invalid_requests
def invalid(error):
    where = {".".join(map(str, item["loc"][1:])): item["type"] for item in error.errors()}
    return error_response(422, "VALIDATION_ERROR", "Some members of the request are not valid.", members=where)


def handle_invalid_requests(app):
    pass  # the route class does it


# %% accidents
def handle_crashes(app):
    @app.middleware("http")
    async def crashes(request, call_next):
        try:
            return await call_next(request)
        except ServiceError:
            raise
        except Exception:
            log.exception("crashed")
            return error_response(500, "INTERNAL_ERROR", "We are sorry.")


# %% boundary
def add_boundary(app):
    # The comfortable middleware of the exercise before would end a broken stream cleanly.
    app.user_middleware = [m for m in app.user_middleware if "BaseHTTP" not in m.cls.__name__]

    class Boundary:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            begun = False

            async def mark(message):
                nonlocal begun
                begun = True
                await send(message)

            try:
                await self.app(scope, receive, mark)
            except Exception as error:
                if begun:
                    raise
                if isinstance(error, ServiceError):
                    response = error_response(error.status, error.code, str(error))
                else:
                    log.exception("crashed")
                    response = error_response(500, "INTERNAL_ERROR", "We are sorry.")
                await response(scope, receive, send)

    app.add_middleware(Boundary)
