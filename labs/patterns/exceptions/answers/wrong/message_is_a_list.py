"""The list of misfits is the message.

exercise: invalid_requests
check: test_request_that_does_not_fit
cause: message is a sentence
"""


def handle_invalid_requests(app):
    @app.exception_handler(RequestValidationError)
    async def answer_invalid_request(request, error):
        fields = [{"field": ".".join(map(str, item["loc"])), "problem": item["type"]} for item in error.errors()]
        return error_response(422, "VALIDATION_ERROR", fields)
