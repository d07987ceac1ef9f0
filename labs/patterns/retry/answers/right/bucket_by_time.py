"""The budget fills with time instead of requests: a token bucket of twelve, five a second.

exercise: retry_budget
"""


class RetryBudget:
    def __init__(self):
        self.left, self.at = 12.0, time.monotonic()

    def earn(self):
        pass

    def spend(self):
        now = time.monotonic()
        self.left, self.at = min(12.0, self.left + 5 * (now - self.at)), now
        if self.left < 1:
            return False
        self.left -= 1
        return True
