"""threading.local: one slot for the event loop's thread, none in the others.

check: test_threads_and_tasks_have_the_id
cause: a threading.local or a dict by task does not
"""
# %% every_answer
import threading

local = threading.local()


class CorrelationMiddleware:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-correlation-id")
        ident = new_id() if given is None else choose_id(given)
        correlation_id.set(ident)
        local.ident = ident

        async def send_with_id(message):
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Correlation-ID"] = ident
            await send(message)

        await self.app(scope, receive, send_with_id)


# %% every_line
def put_ids_into_logs(handler):
    def add_id(record):
        record.correlation_id = getattr(local, "ident", None)
        return True

    handler.addFilter(add_id)
