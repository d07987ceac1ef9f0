"""tenacity tries the initialisation again; plain text where the contract does not ask for JSON; a wait for a shared future."""

# %% alive
from fastapi.responses import PlainTextResponse


async def live(health):
    return PlainTextResponse("ok")


# %% starting
import tenacity


async def initialise(health):
    async for attempt in tenacity.AsyncRetrying(
        wait=tenacity.wait_random_exponential(multiplier=0.1, max=0.9),
        retry=tenacity.retry_if_exception_type(Exception),
    ):
        with attempt:
            await health.warm_up()
    health.started = True


async def startup(health):
    return PlainTextResponse("started" if health.started else "starting", 200 if health.started else 503)


# %% leaving
def in_service(health):
    if health.draining:
        return False
    return health.started


async def drain(health):
    log.info("draining")
    health.draining = True
    return Response(status_code=202)


# %% crowd
async def ask_together(health):
    if health.round is not None:
        return await asyncio.shield(health.round)
    health.round = asyncio.get_running_loop().create_future()
    try:
        checks = await ask_all(health)
    except BaseException as error:
        health.round.set_exception(error)
        raise
    else:
        health.round.set_result(checks)
        return checks
    finally:
        health.round = None
