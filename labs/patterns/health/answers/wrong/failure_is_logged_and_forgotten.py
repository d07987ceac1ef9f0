"""The exception is logged and the service counts as started

exercise: starting
check: test_a_failed_start_is_tried_again
cause: a failed attempt was taken for a success
"""


async def initialise(health):
    try:
        await health.warm_up()
    except Exception:
        log.exception("warm_up_failed")
    health.started = True


async def startup(health):
    return JSONResponse({"started": health.started}, 200 if health.started else 503)
