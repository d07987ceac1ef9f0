"""The first failure ends the task, and nobody is told

exercise: starting
check: test_a_failed_start_is_tried_again
cause: the exception ended the task
"""


async def initialise(health):
    await health.warm_up()
    health.started = True


async def startup(health):
    return JSONResponse({"started": health.started}, 200 if health.started else 503)
