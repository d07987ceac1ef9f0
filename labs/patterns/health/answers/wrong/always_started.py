"""Startup says 200 as soon as the port is open

exercise: starting
check: test_startup_takes_its_time
cause: set the flag when warm_up has come back
"""


async def initialise(health):
    while not health.started:
        try:
            await health.warm_up()
            health.started = True
        except Exception:
            await asyncio.sleep(0.2)


async def startup(health):
    return JSONResponse({"started": health.started})
