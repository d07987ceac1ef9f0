"""Each call changes the headers of the client that all share.

exercise: every_call
check: test_calls_keep_apart
cause: the client's own headers
"""


def make_client():
    class Client(httpx.AsyncClient):
        async def request(self, *args, **kwargs):
            self.headers["X-Correlation-ID"] = correlation_id.get() or ""
            await asyncio.sleep(0.02)  # a rate limiter, a token that is fetched
            return await super().request(*args, **kwargs)

    return Client(**client_options())
