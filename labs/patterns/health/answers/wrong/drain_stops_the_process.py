"""Draining ends the process

exercise: leaving
check: test_drain_ends_readiness
cause: ended its process
"""


import sys


def in_service(health):
    return health.started and not health.draining


async def drain(health):
    sys.exit(0)
