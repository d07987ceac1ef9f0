"""The error that reaches a person: one clear sentence, no traceback."""

__all__ = ["UserError"]


class UserError(Exception):
    """Something the user can put right. The text is one sentence that says what to do."""
