"""RFC 9457: application/problem+json, with the contract's members as extensions."""
# %% one_shape
class Problem(JSONResponse):
    media_type = "application/problem+json"


def error_response(status, code, message, headers=None, **more):
    problem = {
        "type": f"https://errors.example.com/{code.lower().replace('_', '-')}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": message,
        "error": code,
        "message": message,
        "correlation_id": correlation_id.get(),
    }
    return Problem({**problem, **more}, status_code=status, headers=headers)


def handle_service_errors(app):
    def answer_service_error(request, error):
        return error_response(type(error).status, type(error).code, error.args[0])

    app.add_exception_handler(ServiceError, answer_service_error)


# %% framework_errors
def handle_http_errors(app):
    def answer_http_error(request, error):
        phrase = HTTPStatus(error.status_code).phrase
        code = CODES.get(error.status_code) or phrase.upper().replace(" ", "_")
        return error_response(error.status_code, code, phrase, error.headers)

    app.exception_handlers[StarletteHTTPException] = answer_http_error


# %% invalid_requests
def handle_invalid_requests(app):
    def answer_invalid_request(request, error):
        errors = [{"pointer": "/" + "/".join(map(str, e["loc"])), "code": e["type"]} for e in error.errors()]
        return error_response(422, "VALIDATION_ERROR", f"{len(errors)} members do not fit.", errors=errors)

    app.exception_handlers[RequestValidationError] = answer_invalid_request


# %% accidents
def handle_crashes(app):
    def answer_crash(request, error):
        log.error("unhandled\n%s", "".join(traceback.format_exception(error)))
        return error_response(500, "INTERNAL_ERROR", "Internal Server Error")

    app.exception_handlers[Exception] = answer_crash


# %% boundary
def add_boundary(app):
    import inspect

    def boundary(inner):
        async def call(scope, receive, send):
            started = scope["type"] != "http"

            async def passing(message):
                nonlocal started
                started |= message["type"] == "http.response.start"
                await send(message)

            try:
                await inner(scope, receive, passing)
            except Exception as error:
                if started:
                    raise
                for kind in type(error).mro():
                    if kind in app.exception_handlers:
                        response = app.exception_handlers[kind](Request(scope), error)
                        response = await response if inspect.isawaitable(response) else response
                        await response(scope, receive, send)
                        break

        return call

    app.add_middleware(boundary)
