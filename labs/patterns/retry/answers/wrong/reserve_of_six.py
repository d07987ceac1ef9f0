"""A reserve that a handful of single faults uses up.

exercise: retry_budget
check: test_single_faults_are_still_hidden
cause: A budget needs a reserve of about ten
"""


class RetryBudget:
    def __init__(self):
        self.tokens = 6.0

    def earn(self):
        self.tokens = min(self.tokens + 0.1, 6.0)

    def spend(self):
        if self.tokens < 1.0:
            return False
        self.tokens -= 1.0
        return True
