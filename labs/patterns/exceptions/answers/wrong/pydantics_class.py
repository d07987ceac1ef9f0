"""The handler is registered for Pydantic's ValidationError.

exercise: invalid_requests
check: test_request_that_does_not_fit
cause: neither Pydantic's ValidationError nor a parent class replaces it
"""
import pydantic


def handle_invalid_requests(app):
    @app.exception_handler(pydantic.ValidationError)
    async def answer_invalid_request(request, error):
        fields = [{"field": ".".join(map(str, item["loc"])), "problem": item["type"]} for item in error.errors()]
        return error_response(422, "VALIDATION_ERROR", "The request does not fit.", fields=fields)
