"""Each error makes an id of its own instead of reading the request's.

exercise: one_shape
check: test_not_found_has_the_shape
cause: read the one that the request has
"""


def error_response(status, code, message, headers=None, **more):
    body = {"error": code, "message": message, "correlation_id": uuid4().hex, **more}
    return JSONResponse(body, status, headers)


def handle_service_errors(app):
    @app.exception_handler(ServiceError)
    async def answer_service_error(request, error):
        return error_response(error.status, error.code, str(error))
