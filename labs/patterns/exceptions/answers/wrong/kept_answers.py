"""The answers are made once and kept, since they are always the same.

exercise: one_shape
check: test_the_id_is_the_requests
cause: The id in the body is not the request's
"""

from functools import cache


@cache
def kept_response(status, code, message):
    return JSONResponse({"error": code, "message": message, "correlation_id": correlation_id.get()}, status)


def error_response(status, code, message, headers=None, **more):
    response = kept_response(status, code, message)
    response.headers.update(headers or {})
    return response


def handle_service_errors(app):
    @app.exception_handler(ServiceError)
    async def answer_service_error(request, error):
        return error_response(error.status, error.code, str(error))
