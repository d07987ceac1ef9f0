"""The validators' texts are passed on, and one of them quotes the password.

exercise: invalid_requests
check: test_validators_text_is_not_echoed
cause: The text of a validator (msg) quotes the value
"""


def handle_invalid_requests(app):
    @app.exception_handler(RequestValidationError)
    async def answer_invalid_request(request, error):
        fields = [{"loc": item["loc"], "msg": item["msg"]} for item in error.errors()]
        return error_response(422, "VALIDATION_ERROR", "The request does not fit.", fields=fields)
