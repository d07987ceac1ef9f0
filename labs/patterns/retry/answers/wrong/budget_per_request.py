"""The bucket is filled for each request.

exercise: retry_budget
check: test_outage_is_not_multiplied
cause: one budget (or breaker) for the whole process
"""


class RetryBudget:
    def __init__(self):
        self.tokens = ContextVar("tokens")

    def earn(self):
        self.tokens.set(10.0)

    def spend(self):
        left = self.tokens.get()
        if left < 1.0:
            return False
        self.tokens.set(left - 1.0)
        return True
