"""The stack is written by a thread of the pool, without the context.

exercise: accidents
check: test_crash_is_logged_with_the_id
cause: The one line with the stack has no id
"""
import functools


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
                write = functools.partial(log.error, "request_failed", exc_info=error)
                await asyncio.get_running_loop().run_in_executor(None, write)
                body = {"error": "INTERNAL_ERROR", "message": "Sorry.", "correlation_id": correlation_id.get()}
                await JSONResponse(body, 500)(scope, receive, send)

    app.add_middleware(Boundary)
