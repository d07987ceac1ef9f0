"""The exception's text is the message of the 500.

exercise: accidents
check: test_crash_has_the_header
cause: shows the exception's text
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
                body = {"error": "INTERNAL_ERROR", "message": str(error), "correlation_id": correlation_id.get()}
                await JSONResponse(body, 500)(scope, receive, send)

    app.add_middleware(Boundary)
