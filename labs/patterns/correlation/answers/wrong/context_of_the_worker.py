"""The job is handed over as it is.

exercise: afterwards
check: test_background_has_the_id
cause: in the context of the worker
"""


def in_this_context(job):
    return job
