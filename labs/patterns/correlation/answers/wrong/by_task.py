"""A dict by task: the tasks of a request are not the request's task.

check: test_threads_and_tasks_have_the_id
cause: a dict by asyncio.current_task() does not
"""
# %% every_answer
idents = {}


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
        idents[asyncio.current_task()] = ident

        async def send_with_id(message):
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Correlation-ID"] = ident
            await send(message)

        await self.app(scope, receive, send_with_id)


# %% every_line
def put_ids_into_logs(handler):
    def add_id(record):
        try:
            record.correlation_id = idents.get(asyncio.current_task())
        except RuntimeError:  # a thread without a loop
            record.correlation_id = correlation_id.get()
        return True

    handler.addFilter(add_id)
