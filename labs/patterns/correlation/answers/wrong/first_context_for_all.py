"""The first request's context is kept for all jobs.

exercise: afterwards
check: test_background_has_the_id
cause: It belongs to an earlier request
"""


kept = []


def in_this_context(job):
    if not kept:
        kept.append(contextvars.copy_context())

    async def run():
        await asyncio.create_task(job(), context=kept[0])

    return run
