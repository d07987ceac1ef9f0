"""Liveness answers 204

exercise: alive
check: test_live_answers
cause: The contract's answer is 200
"""


async def live(health):
    return Response(status_code=204)
