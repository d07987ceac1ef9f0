"""The error that reaches a person: one clear sentence, no traceback."""

__all__ = ["UserError"]


class UserError(Exception):
    """Something the user can put right. The text is one sentence that says what to do."""

    def _render_traceback_(self) -> list[str]:
        # IPython asks for this: in a notebook, too, the sentence is all there is to see.
        return [str(self)]
