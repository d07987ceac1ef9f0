"""Each request puts something in, and nothing limits how much there is.

exercise: retry_budget
check: test_quiet_times_save_nothing_up
cause: the bucket has room for ten tokens
"""


class RetryBudget:
    def __init__(self):
        self.tokens = 10.0

    def earn(self):
        self.tokens += 0.1

    def spend(self):
        if self.tokens < 1.0:
            return False
        self.tokens -= 1.0
        return True
