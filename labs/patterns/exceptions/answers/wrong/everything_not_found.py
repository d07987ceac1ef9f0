"""Every HTTP error is reported as NOT_FOUND.

exercise: framework_errors
check: test_wrong_method
cause: It comes from the type of the error, or from the table of codes
"""


def handle_http_errors(app):
    @app.exception_handler(StarletteHTTPException)
    async def answer_http_error(request, error):
        return error_response(error.status_code, "NOT_FOUND", str(error.detail), error.headers)
