"""How the pauses between calls are measured, so that they mean something on a busy machine, too. All are in seconds."""

from __future__ import annotations

import statistics


def shortest(gaps: list[float]) -> float:
    """The mean of the shortest quarter: on a busy machine no pause looks like a pause, though not every time."""
    return statistics.mean(sorted(gaps)[: len(gaps) // 4 + 1])


def spread(gaps: list[float]) -> float:
    """How far the lower half of the gaps reaches, in parts of their mean. A busy machine adds to the upper half."""
    ordered = sorted(gaps)
    return (ordered[len(ordered) // 2] - ordered[len(ordered) // 16]) / statistics.mean(gaps)


def growth(first: list[float], second: list[float]) -> float:
    """How many times longer the second pauses are than the first. Stragglers of a busy machine don't count."""

    def ratio(low: int, high: int) -> float:
        """The ratio of the means of what lies between two twelfths."""
        means = [
            statistics.mean(sorted(gaps)[len(gaps) * low // 12 : len(gaps) * high // 12 + 1])
            for gaps in (first, second)
        ]
        return means[1] / means[0]

    return max(ratio(0, 6), ratio(0, 10), ratio(4, 8))


def clear(first: list[float], second: list[float]) -> bool:
    """Whether there is no doubt about the pauses: far from what fails, or from what passes."""
    if statistics.mean(first) < 0.01:
        return True
    return shortest(first) >= 0.02 and spread(first) >= 0.25 and growth(first, second) >= 1.3
