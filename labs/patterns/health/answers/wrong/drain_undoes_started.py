"""Draining resets the flag that startup reads

exercise: leaving
check: test_draining_service_goes_on
cause: Draining does not undo
"""


def in_service(health):
    return health.started


async def drain(health):
    health.started = False
    return JSONResponse({"status": "draining"}, 202)
