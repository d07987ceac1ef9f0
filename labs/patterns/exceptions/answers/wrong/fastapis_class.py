"""The handler is registered for FastAPI's HTTPException, which the router does not raise.

exercise: framework_errors
check: test_unknown_route
cause: FastAPI's is a subclass, so a handler for FastAPI's misses it
"""


def handle_http_errors(app):
    @app.exception_handler(HTTPException)
    async def answer_http_error(request, error):
        code = CODES.get(error.status_code, "ERROR")
        return error_response(error.status_code, code, str(error.detail), error.headers)
