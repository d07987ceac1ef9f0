"""Takes a token for every question, also when it says no.

exercise: retry_budget
check: test_recovery
cause: a retry that is refused must take nothing out
"""


class RetryBudget:
    def __init__(self):
        self.tokens = 10.0

    def earn(self):
        self.tokens = min(self.tokens + 0.1, 10.0)

    def spend(self):
        self.tokens -= 1.0
        return self.tokens >= 0.0
