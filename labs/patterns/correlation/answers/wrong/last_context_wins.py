"""The context of the job that came last is kept in one place.

exercise: afterwards
check: test_background_keeps_apart
cause: the last one that came wins
"""


last = {}


def in_this_context(job):
    last["context"] = contextvars.copy_context()

    async def run():
        await asyncio.create_task(job(), context=last["context"])

    return run
