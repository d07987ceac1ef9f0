"""The 500's body has an id of its own.

exercise: accidents
check: test_crash_has_the_header
cause: has to say the same id as its header
"""


def answer_accidents(app):
    class Boundary:
        def __init__(self, inner):
            self.inner = inner

        async def __call__(self, scope, receive, send):
            started = False

            async def watched_send(message):
                nonlocal started
                started = started or message["type"] == "http.response.start"
                await send(message)

            try:
                await self.inner(scope, receive, watched_send)
            except Exception as error:
                if started or scope["type"] != "http":
                    raise
                log.error("request_failed", exc_info=error)
                body = {"error": "INTERNAL_ERROR", "message": "Sorry.", "correlation_id": new_id()}
                await JSONResponse(body, 500)(scope, receive, send)

    app.add_middleware(Boundary)
