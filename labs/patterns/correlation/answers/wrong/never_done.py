"""The job is wrapped and never awaited.

exercise: afterwards
check: test_background_has_the_id
cause: was not done within 2 s
"""


def in_this_context(job):
    context = contextvars.copy_context()

    async def run():
        context.run(lambda: job)

    return run
