"""Draining sets a flag that nobody asks

exercise: leaving
check: test_drain_ends_readiness
cause: asked to drain and still says that it is ready
"""


def in_service(health):
    return health.started


async def drain(health):
    health.draining = True
    return JSONResponse({"status": "draining"}, 202)
