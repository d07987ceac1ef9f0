"""The client forwards nothing.

exercise: every_call
check: test_call_carries_the_id
cause: The call went out without
"""


def make_client():
    return httpx.AsyncClient(**client_options())
