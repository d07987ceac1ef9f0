"""Who comes while another is being answered is told not ready

exercise: crowd
check: test_a_crowd_gets_the_truth
cause: nor a refusal
"""


async def ask_together(health):
    return {"database": "failed", "cache": "failed"}
