"""Turn a failed assert into expected and got, as text that a learner reads side by side."""

from __future__ import annotations

import json

from labs.judge.client import Response

__all__ = ["Comparison", "cause_of", "show"]

MAX_SHOWN = 20_000  # characters


class Comparison:
    """The two sides of the comparison that failed last, as pytest's assert rewriting hands them over."""

    def __init__(self) -> None:
        self.expected = ""
        self.got = ""

    def clear(self) -> None:
        """Forget the last comparison."""
        self.expected = self.got = ""

    def take(self, operator: str, left: object, right: object) -> None:
        """Remember `left operator right`. By convention the left side came from the service, the right is expected."""
        if operator == "in":
            self.expected, self.got = f"{show(left)}\nsomewhere in it", show(right)
        elif operator == "not in":
            self.expected, self.got = f"{show(left)}\nnowhere in it", show(right)
        else:
            words = {"<=": "at most ", "<": "less than ", ">=": "at least ", ">": "more than "}
            words |= {"!=": "anything but ", "is not": "anything but "}
            self.expected, self.got = words.get(operator, "") + show(right), show(left)


def show(value: object) -> str:
    """A value as a learner reads it: text as it is, data as JSON, a response with its status."""
    if isinstance(value, (str, Response)):
        text = str(value)
    elif isinstance(value, bytes):
        text = value.decode("utf-8", "backslashreplace")
    elif isinstance(value, set):
        text = show(sorted(value, key=repr))
    elif isinstance(value, (dict, list, tuple)):
        try:
            text = json.dumps(value, indent=2, ensure_ascii=False, default=repr)
        except (ValueError, TypeError, RecursionError):
            text = _safe_repr(value)
        if len(text) < 80:
            text = " ".join(text.split())
    elif value is None or isinstance(value, bool):
        text = {None: "nothing (null)", True: "true", False: "false"}[value]
    else:
        text = _safe_repr(value)
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + f"\n… {len(text) - MAX_SHOWN} characters more"


def _safe_repr(value: object) -> str:
    try:
        return repr(value)
    except Exception as error:  # nested too deeply, or an object with a mind of its own
        return f"({type(value).__name__} that can't be shown: {type(error).__name__})"


def cause_of(error: AssertionError) -> str:
    """The message of an assert, without the explanation that pytest's rewriting appends to it."""
    text = str(error)
    head, found, _ = text.partition("\nassert ")
    if found:
        return head.strip()
    return "" if text.startswith("assert ") else text.strip()
