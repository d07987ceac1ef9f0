"""Between attempts time.sleep stops everybody

exercise: starting
check: test_a_failed_start_is_tried_again
cause: blocks the event loop
"""


async def initialise(health):
    while not health.started:
        try:
            await health.warm_up()
            health.started = True
        except Exception:
            time.sleep(4)


async def startup(health):
    return JSONResponse({"started": health.started}, 200 if health.started else 503)
