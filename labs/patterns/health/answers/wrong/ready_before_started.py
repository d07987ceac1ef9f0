"""Readiness does not ask whether the service has started

exercise: leaving
check: test_not_ready_before_started
cause: whether the service has started
"""


def in_service(health):
    return not health.draining


async def drain(health):
    health.draining = True
    return JSONResponse({"status": "draining"}, 202)
