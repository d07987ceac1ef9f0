"""str(error) as the message: it lists every value.

exercise: invalid_requests
check: test_no_input_is_echoed
cause: lists every value that was sent
"""


def handle_invalid_requests(app):
    @app.exception_handler(RequestValidationError)
    async def answer_invalid_request(request, error):
        return error_response(422, "VALIDATION_ERROR", str(error))
