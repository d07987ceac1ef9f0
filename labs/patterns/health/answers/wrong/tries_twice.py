"""The initialisation is tried again once only

exercise: starting
check: test_a_failed_start_is_tried_again
cause: tried again only once
"""


async def initialise(health):
    try:
        await health.warm_up()
    except Exception:
        await asyncio.sleep(0.1)
        await health.warm_up()
    health.started = True


async def startup(health):
    return JSONResponse({"started": health.started}, 200 if health.started else 503)
