"""Only the header that the author knew of is passed on.

exercise: framework_errors
check: test_challenge_stays
cause: lost its WWW-Authenticate header
"""


def handle_http_errors(app):
    @app.exception_handler(StarletteHTTPException)
    async def answer_http_error(request, error):
        headers = {name: value for name, value in (error.headers or {}).items() if name.lower() == "allow"}
        return error_response(error.status_code, CODES.get(error.status_code, "ERROR"), str(error.detail), headers)
