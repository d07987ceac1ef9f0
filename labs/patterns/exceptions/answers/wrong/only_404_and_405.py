"""Handlers for the two statuses that came to mind.

exercise: framework_errors
check: test_challenge_stays
cause: framework's own shape
"""


def handle_http_errors(app):
    async def answer_http_error(request, error):
        return error_response(error.status_code, CODES[error.status_code], str(error.detail), error.headers)

    app.add_exception_handler(404, answer_http_error)
    app.add_exception_handler(405, answer_http_error)
