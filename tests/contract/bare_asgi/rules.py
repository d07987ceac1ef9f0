"""What a body has to look like. What is said of it names members, never values."""

import re

from .wire import LARGEST, invalid

__all__ = ["card", "count", "email", "level", "members", "Optional", "text"]  # noqa: RUF022

MAIL = re.compile(
    r"[\w%+-]+(?:\.[\w%+-]+)*@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,24}", re.ASCII | re.IGNORECASE
)


def text(least, most):
    def check(value):
        fits = isinstance(value, str) and least <= len(value) <= most
        return None if fits and not re.search("[\ud800-\udfff]", value) else f"text of {least} to {most} characters"

    return check


def count(least, most=LARGEST):
    return lambda value: None if type(value) is int and least <= value <= most else "an integer within bounds"


def email(value):
    fits = isinstance(value, str) and len(value) < 255 and MAIL.fullmatch(value)
    return None if fits else "a plain e-mail address"


def card(value):
    return None if isinstance(value, str) and 4 <= len(value) <= 40 and value.isascii() else "a card number"


def level(value):
    return (
        None
        if isinstance(value, str) and value.lower() in ("debug", "info", "warning", "error", "critical")
        else "a level"
    )


class Optional:
    def __init__(self, check):
        self.check = check

    def __call__(self, value):
        return None if value is None else self.check(value)


def members(body, strict=True, where="", **checks) -> dict:
    if not isinstance(body, dict):
        raise invalid(f"{where}body: an object is needed")
    wrong = []
    for name, check in checks.items():
        if name not in body and isinstance(check, Optional):
            continue
        problem = check(body[name]) if name in body else "needed"
        if problem:
            wrong.append(f"{where}{name}: {problem}")
    if strict:
        extra = [name for name in body if name not in checks]
        wrong += [
            f"{where}{name}: not known" if re.fullmatch("[a-zA-Z_]{1,30}", name) else "a member: not known"
            for name in extra
        ]
    if wrong:
        raise invalid("; ".join(wrong))
    return body
