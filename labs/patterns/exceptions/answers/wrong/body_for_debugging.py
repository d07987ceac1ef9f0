"""The whole body goes back, to make debugging easier, as FastAPI's documentation shows.

exercise: invalid_requests
check: test_no_input_is_echoed
cause: error.body is the whole request
"""
from fastapi.encoders import jsonable_encoder


def handle_invalid_requests(app):
    @app.exception_handler(RequestValidationError)
    async def answer_invalid_request(request, error):
        fields = [{"field": ".".join(map(str, item["loc"])), "problem": item["type"]} for item in error.errors()]
        return error_response(422, "VALIDATION_ERROR", "Not valid.", fields=fields, body=jsonable_encoder(error.body))
