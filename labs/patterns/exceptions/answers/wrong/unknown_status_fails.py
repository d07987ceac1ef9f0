"""A table of codes without a default: the handler fails on a status that is not in it.

exercise: framework_errors
check: test_body_that_cannot_be_decoded
cause: a caller became a 500
"""


def handle_http_errors(app):
    codes = {401: "UNAUTHORIZED", 404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}

    @app.exception_handler(StarletteHTTPException)
    async def answer_http_error(request, error):
        return error_response(error.status_code, codes[error.status_code], str(error.detail), error.headers)
