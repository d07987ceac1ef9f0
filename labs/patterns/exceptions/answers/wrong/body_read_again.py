"""The handler reads the body once more, to say what was sent for; broken JSON breaks it, too.

exercise: invalid_requests
check: test_broken_json
cause: Nonsense from a caller became a 500
"""


def handle_invalid_requests(app):
    @app.exception_handler(RequestValidationError)
    async def answer_invalid_request(request, error):
        sent = await request.json() if request.method == "POST" else None
        members = sorted(sent) if isinstance(sent, dict) else []
        fields = [{"field": ".".join(map(str, item["loc"])), "problem": item["type"]} for item in error.errors()]
        return error_response(422, "VALIDATION_ERROR", "The request does not fit.", fields=fields, members_sent=members)
