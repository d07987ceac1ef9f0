"""Each call gets an id of its own.

exercise: every_call
check: test_call_carries_the_id
cause: forward the request's, don't make another one
"""


def make_client():
    async def add_id(request):
        request.headers["X-Correlation-ID"] = new_id()

    return httpx.AsyncClient(**client_options(), event_hooks={"request": [add_id]})
