"""One handler for requests and responses that don't fit: our own bug becomes a 422.

exercise: invalid_requests
check: test_bad_response_is_our_mistake
cause: as if the caller had sent something wrong
"""
from fastapi.exceptions import ResponseValidationError


def handle_invalid_requests(app):
    @app.exception_handler(ResponseValidationError)
    @app.exception_handler(RequestValidationError)
    async def answer_invalid_request(request, error):
        fields = [{"field": ".".join(map(str, item["loc"])), "problem": item["type"]} for item in error.errors()]
        return error_response(422, "VALIDATION_ERROR", "The request does not fit.", fields=fields)
