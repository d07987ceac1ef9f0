"""Liveness is 503 until initialisation is done

exercise: alive
check: test_startup_takes_its_time
cause: A process that is still initialising is alive
"""


async def live(health):
    return JSONResponse({"alive": health.started}, 200 if health.started else 503)
