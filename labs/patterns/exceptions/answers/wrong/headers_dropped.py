"""The exception's headers are not passed on.

exercise: framework_errors
check: test_wrong_method
cause: lost its Allow header
"""


def handle_http_errors(app):
    @app.exception_handler(StarletteHTTPException)
    async def answer_http_error(request, error):
        code = CODES.get(error.status_code, "ERROR")
        return error_response(error.status_code, code, str(error.detail))
