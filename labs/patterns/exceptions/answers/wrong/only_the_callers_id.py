"""The id is read from the request's header, which most requests don't have.

exercise: one_shape
check: test_not_found_has_the_shape
cause: Not every request brings an id
"""


def error_response(status, code, message, headers=None, **more):
    body = {"error": code, "message": message, **more}
    return JSONResponse(body, status, headers)


def handle_service_errors(app):
    @app.exception_handler(ServiceError)
    async def answer_service_error(request, error):
        ident = request.headers.get("X-Correlation-ID")
        return error_response(error.status, error.code, str(error), correlation_id=ident)
