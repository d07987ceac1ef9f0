"""Draining answers 200

exercise: leaving
check: test_drain_ends_readiness
cause: answered with 202
"""


def in_service(health):
    return health.started and not health.draining


async def drain(health):
    health.draining = True
    return JSONResponse({"status": "draining"})
