"""A transport below the client, a formatter around the formatter, a queue between loggers and handler.
"""
# %% every_line
import copy
import logging.handlers
import queue


def put_ids_into_logs(handler):
    class Ahead(logging.handlers.QueueHandler):
        def prepare(self, record):
            record = copy.copy(record)
            record.correlation_id = correlation_id.get()
            return record

        def enqueue(self, record):
            handler.handle(record)

    logging.getLogger().handlers = [Ahead(queue.SimpleQueue())]


# %% every_call
def make_client():
    class Stamping(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request):
            ident = correlation_id.get()
            if ident is not None:
                request.headers["X-Correlation-ID"] = ident
            return await super().handle_async_request(request)

    options = client_options()
    return httpx.AsyncClient(**options, transport=Stamping(verify=options["verify"]))


# %% afterwards
def in_this_context(job):
    task = contextvars.copy_context().run(asyncio.ensure_future, job())

    async def run():
        await task

    return run
