"""How a check says that it failed, when an assert is not enough."""

from __future__ import annotations

__all__ = ["CheckFailed"]


class CheckFailed(AssertionError):
    """The service did something wrong; the text is the likely cause.

    Most checks need only `assert got == expected, "the likely cause"`: pytest hands over both sides. This is for the
    helpers, and for checks whose evidence is not a comparison.
    """

    def __init__(self, cause: str, *, expected: object = "", got: object = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.expected = expected
        self.got = got
        self.fatal = False  # True: the service does not start at all, so no other check needs to run
