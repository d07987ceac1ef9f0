"""The flag is set in finally

exercise: starting
check: test_a_failed_start_is_tried_again
cause: a failed attempt was taken for a success
"""


async def initialise(health):
    done = False
    while not done:
        try:
            await health.warm_up()
            done = True
        except Exception:
            log.exception("warm_up_failed")
            await asyncio.sleep(0.2)
        finally:
            health.started = True


async def startup(health):
    return JSONResponse({"started": health.started}, 200 if health.started else 503)
