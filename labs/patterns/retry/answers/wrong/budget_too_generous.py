"""Each request earns one retry.

exercise: retry_budget
check: test_outage_is_not_multiplied
cause: ten requests may earn one retry, not ten
"""


class RetryBudget:
    def __init__(self):
        self.tokens = 10.0

    def earn(self):
        self.tokens = min(self.tokens + 1.0, 100.0)

    def spend(self):
        if self.tokens < 1.0:
            return False
        self.tokens -= 1.0
        return True
