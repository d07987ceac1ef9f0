"""The rejected value is repeated when it is a number, which can be none that JSON has.

exercise: invalid_requests
check: test_the_handler_does_not_fail
cause: JSON has no NaN
"""


def handle_invalid_requests(app):
    @app.exception_handler(RequestValidationError)
    async def answer_invalid_request(request, error):
        fields = []
        for item in error.errors():
            field = {"field": ".".join(map(str, item["loc"])), "problem": item["type"]}
            if isinstance(item["input"], float):
                field["value"] = item["input"]
            fields.append(field)
        return error_response(422, "VALIDATION_ERROR", "The request does not fit.", fields=fields)
