"""Startup tells it in the body, and always says 200

exercise: starting
check: test_startup_takes_its_time
cause: reads the status code and nothing else
"""


async def initialise(health):
    while not health.started:
        try:
            await health.warm_up()
            health.started = True
        except Exception:
            await asyncio.sleep(0.1)


async def startup(health):
    return JSONResponse({"started": health.started})
