"""The context is copied when the job runs, which is the worker's.

exercise: afterwards
check: test_background_has_the_id
cause: Copy the context when the job is handed over
"""


def in_this_context(job):
    async def run():
        await asyncio.create_task(job(), context=contextvars.copy_context())

    return run
