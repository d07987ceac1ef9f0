"""A module global stands in for the variable of the context.

check: test_lines_keep_apart
cause: A ContextVar has a value per request
"""
# %% every_answer
latest = None


class CorrelationMiddleware:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        global latest
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-correlation-id")
        latest = ident = new_id() if given is None else choose_id(given)
        correlation_id.set(ident)

        async def send_with_id(message):
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Correlation-ID"] = ident
            await send(message)

        await self.app(scope, receive, send_with_id)


# %% every_line
def put_ids_into_logs(handler):
    def add_id(record):
        record.correlation_id = latest
        return True

    handler.addFilter(add_id)
