"""What is spent is spent.

exercise: retry_budget
check: test_recovery
cause: the budget is spent and never fills up
"""


class RetryBudget:
    def __init__(self):
        self.tokens = 10.0

    def earn(self):
        pass

    def spend(self):
        if self.tokens < 1.0:
            return False
        self.tokens -= 1.0
        return True
