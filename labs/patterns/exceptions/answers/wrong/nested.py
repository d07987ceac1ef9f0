"""The members are nested under `error`.

exercise: one_shape
check: test_not_found_has_the_shape
cause: error is a text, and message and correlation_id stand beside it
"""


def error_response(status, code, message, headers=None, **more):
    inside = {"code": code, "message": message, "correlation_id": correlation_id.get(), **more}
    return JSONResponse({"error": inside}, status, headers)


def handle_service_errors(app):
    @app.exception_handler(ServiceError)
    async def answer_service_error(request, error):
        return error_response(error.status, error.code, str(error))
