"""Every error of the domain is a 400, whatever its type says.

exercise: one_shape
check: test_not_found_has_the_shape
cause: the status is the type's (error.status)
"""


def error_response(status, code, message, headers=None, **more):
    body = {"error": code, "message": message, "correlation_id": correlation_id.get(), **more}
    return JSONResponse(body, status, headers)


def handle_service_errors(app):
    @app.exception_handler(ServiceError)
    async def answer_service_error(request, error):
        return error_response(400, error.code, str(error))
