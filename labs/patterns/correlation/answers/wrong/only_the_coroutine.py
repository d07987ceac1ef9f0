"""context.run makes the coroutine, and the worker runs it.

exercise: afterwards
check: test_background_has_the_id
cause: only makes the coroutine there
"""


def in_this_context(job):
    context = contextvars.copy_context()

    async def run():
        await context.run(job)

    return run
