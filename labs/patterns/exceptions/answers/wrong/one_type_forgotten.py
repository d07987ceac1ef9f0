"""A handler for each type instead of one for the root; one type is forgotten.

exercise: one_shape
check: test_each_type_has_its_status
cause: A 402 became a 500
"""


def error_response(status, code, message, headers=None, **more):
    body = {"error": code, "message": message, "correlation_id": correlation_id.get(), **more}
    return JSONResponse(body, status, headers)


def handle_service_errors(app):
    async def answer_service_error(request, error):
        return error_response(error.status, error.code, str(error))

    for kind in (NotFoundError, ConflictError, InvalidError):
        app.add_exception_handler(kind, answer_service_error)
