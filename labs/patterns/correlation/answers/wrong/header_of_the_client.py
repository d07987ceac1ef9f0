"""The header is set when the client is made.

exercise: every_call
check: test_call_carries_the_id
cause: The call carries the id of an earlier request
"""


def make_client():
    options = client_options()
    options["headers"]["X-Correlation-ID"] = correlation_id.get() or ""
    return httpx.AsyncClient(**options)
