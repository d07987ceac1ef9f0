"""The first crowd's round serves all later ones

exercise: crowd
check: test_a_crowd_gets_the_truth
cause: not the answer of an earlier one
"""


async def ask_together(health):
    if health.round is None:
        health.round = asyncio.create_task(ask_all(health))
    return await asyncio.shield(health.round)
