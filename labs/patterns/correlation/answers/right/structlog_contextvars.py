"""structlog's context variables beside ours; the job's steps are driven inside the copied context.
"""
# %% every_answer
import structlog


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

        async def send_with_id(message):
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Correlation-ID"] = ident
            await send(message)

        with structlog.contextvars.bound_contextvars(correlation_id=ident):
            await self.app(scope, receive, send_with_id)


# %% every_line
def put_ids_into_logs(handler):
    class AddContext(logging.Filter):
        def filter(self, record):
            for name, value in structlog.contextvars.get_contextvars().items():
                setattr(record, name, value)
            return True

    handler.addFilter(AddContext())


# %% afterwards
def in_this_context(job):
    loop, context = asyncio.get_running_loop(), contextvars.copy_context()

    async def run():
        await loop.create_task(job(), context=context)

    return run
