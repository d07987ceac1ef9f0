"""The caller's raw header is passed on downstream.

check: test_hostile_id_goes_no_further
cause: the raw header was passed on
"""
# %% every_answer
raw = ContextVar("raw", default=None)


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
        raw.set(given or ident)

        async def send_with_id(message):
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Correlation-ID"] = ident
            await send(message)

        await self.app(scope, receive, send_with_id)


# %% every_call
def make_client():
    async def add_id(request):
        request.headers["X-Correlation-ID"] = raw.get()

    return httpx.AsyncClient(**client_options(), event_hooks={"request": [add_id]})
