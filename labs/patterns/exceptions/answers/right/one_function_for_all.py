"""One function turns any exception into an answer; every handler and the boundary call it."""
# %% one_shape
def error_response(status, code, message, headers=None, **more):
    content = dict(more, error=code, message=message, correlation_id=correlation_id.get())
    return JSONResponse(status_code=status, content=content, headers=headers)


INTERNAL = (500, "INTERNAL_ERROR", "Internal error")


async def answer(request, error):
    match error:
        case ServiceError() if error.status < 500:
            return error_response(error.status, error.code, f"{error}")
        case StarletteHTTPException() if error.status_code < 500:
            code = CODES.get(error.status_code, "HTTP_ERROR")
            return error_response(error.status_code, code, f"{error.detail}", error.headers)
        case RequestValidationError():
            places = sorted({str(place["loc"][-1]) for place in error.errors()})
            return error_response(422, "VALIDATION_ERROR", "Does not fit: " + ", ".join(places))
        case _:
            log.critical("%s went wrong", request.url.path, exc_info=(type(error), error, error.__traceback__))
            return error_response(*INTERNAL)


def handle_service_errors(app):
    app.add_exception_handler(ServiceError, answer)


# %% framework_errors
def handle_http_errors(app):
    app.add_exception_handler(StarletteHTTPException, answer)


# %% invalid_requests
def handle_invalid_requests(app):
    app.add_exception_handler(RequestValidationError, answer)


# %% accidents
def handle_crashes(app):
    app.add_exception_handler(Exception, answer)


# %% boundary
class Net:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        sent = []

        async def note(message):
            sent.append(message["type"])
            await send(message)

        try:
            await self.app(scope, receive, note)
        except Exception as error:
            if "http.response.start" in sent:
                raise
            await (await answer(Request(scope, receive), error))(scope, receive, send)


def add_boundary(app):
    app.add_middleware(Net)
