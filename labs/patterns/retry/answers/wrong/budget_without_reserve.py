"""A reserve of one.

exercise: retry_budget
check: test_two_faults_are_hidden
cause: a budget begins with a reserve of about ten
"""


class RetryBudget:
    def __init__(self):
        self.tokens = 1.0

    def earn(self):
        self.tokens = min(self.tokens + 0.1, 1.0)

    def spend(self):
        if self.tokens < 1.0:
            return False
        self.tokens -= 1.0
        return True
