"""exc.errors() goes into the answer as it is: a live ValueError in `ctx` can't be encoded.

exercise: invalid_requests
check: test_the_handler_does_not_fail
cause: The error handler itself failed
"""


def handle_invalid_requests(app):
    @app.exception_handler(RequestValidationError)
    async def answer_invalid_request(request, error):
        errors = [{key: value for key, value in item.items() if key not in ("input", "msg")} for item in error.errors()]
        return error_response(422, "VALIDATION_ERROR", "The request does not fit.", errors=errors)
