"""The budget as a share: retries of the last ten seconds may be a fifth of its requests, and ten.

exercise: retry_budget
"""
from collections import deque


class RetryBudget:
    def __init__(self):
        self.requests, self.retries = deque(), deque()

    def _recent(self, times):
        while times and times[0] < time.monotonic() - 10:
            times.popleft()
        return len(times)

    def earn(self):
        self.requests.append(time.monotonic())

    def spend(self):
        if self._recent(self.retries) >= 10 + 0.2 * self._recent(self.requests):
            return False
        self.retries.append(time.monotonic())
        return True
