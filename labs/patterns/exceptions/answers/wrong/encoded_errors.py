"""jsonable_encoder(exc.errors()), as FastAPI does it itself: the input is in it.

exercise: invalid_requests
check: test_no_input_is_echoed
cause: input repeats what was sent
"""
from fastapi.encoders import jsonable_encoder


def handle_invalid_requests(app):
    @app.exception_handler(RequestValidationError)
    async def answer_invalid_request(request, error):
        return error_response(422, "VALIDATION_ERROR", "Not valid.", errors=jsonable_encoder(error.errors()))
