"""The handler is registered for the parent class: FastAPI's own, for the exact class, wins.

exercise: invalid_requests
check: test_request_that_does_not_fit
cause: nor a parent class replaces it
"""
from fastapi.exceptions import ValidationException


def handle_invalid_requests(app):
    @app.exception_handler(ValidationException)
    async def answer_invalid_request(request, error):
        fields = [{"field": ".".join(map(str, item["loc"])), "problem": item["type"]} for item in error.errors()]
        return error_response(422, "VALIDATION_ERROR", "The request does not fit.", fields=fields)
