"""Nothing is echoed, and nothing is said.

exercise: invalid_requests
check: test_member_is_named
cause: nothing in the answer says so
"""


def handle_invalid_requests(app):
    @app.exception_handler(RequestValidationError)
    async def answer_invalid_request(request, error):
        return error_response(422, "VALIDATION_ERROR", "The request does not fit.")
