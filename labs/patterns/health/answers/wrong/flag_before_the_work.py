"""The flag is set before warm_up is called

exercise: starting
check: test_startup_takes_its_time
cause: set the flag when warm_up has come back
"""


async def initialise(health):
    health.started = True
    while True:
        try:
            return await health.warm_up()
        except Exception:
            await asyncio.sleep(0.2)


async def startup(health):
    return JSONResponse({"started": health.started}, 200 if health.started else 503)
