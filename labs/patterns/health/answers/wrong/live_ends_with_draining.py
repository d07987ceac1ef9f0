"""Liveness fails once the service drains

exercise: alive
check: test_draining_service_goes_on
cause: A draining service is alive
"""


async def live(health):
    return JSONResponse({"status": "alive"}, 503 if health.draining else 200)
