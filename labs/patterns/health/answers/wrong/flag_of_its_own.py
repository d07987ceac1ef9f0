"""The flag is set in a variable of the function's own, and nobody else sees it

exercise: starting
check: test_startup_is_done
cause: startup never said 200
"""


async def initialise(health):
    started = health.started
    while not started:
        try:
            await health.warm_up()
            started = True
        except Exception:
            await asyncio.sleep(0.1)


async def startup(health):
    return JSONResponse({"status": "started" if health.started else "starting"}, 200 if health.started else 503)
