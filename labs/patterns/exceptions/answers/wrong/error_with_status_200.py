"""An error returned as a value: the status is 200.

exercise: one_shape
check: test_not_found_has_the_shape
cause: answered with 200, which is a success
"""


def error_response(status, code, message, headers=None, **more):
    body = {"error": code, "message": message, "correlation_id": correlation_id.get(), **more}
    return JSONResponse(body, headers=headers)


def handle_service_errors(app):
    @app.exception_handler(ServiceError)
    async def answer_service_error(request, error):
        return error_response(error.status, error.code, str(error))
