"""What callers send, checked by hand."""

import json
import math
import re
from collections.abc import Callable

from starlette.requests import Request

from .errors import Problem, unfit
from .logs import LEVELS

EMAIL = re.compile(r"[A-Za-z0-9_%+-]+(\.[A-Za-z0-9_%+-]+)*@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}")
BIGGEST = 2**63 - 1


def text(least: int, most: int):
    def rule(value):
        if not isinstance(value, str):
            return "is not a string"
        if any("\ud800" <= char <= "\udfff" for char in value):
            return "is not valid text"
        return None if least <= len(value) <= most and value.strip() else f"needs {least} to {most} characters"

    return rule


def whole(least: int, most: int):
    def rule(value):
        if isinstance(value, bool) or not isinstance(value, int):
            return "is not an integer"
        return None if least <= value <= most else "is out of bounds"

    return rule


def email(value):
    if not isinstance(value, str) or len(value) > 254 or not EMAIL.fullmatch(value):
        return "is not a plain e-mail address"
    return None


def card(value):
    if not isinstance(value, str) or not re.fullmatch(r"[0-9 -]{4,40}", value):
        return "is not a card number"
    return None


def maybe(rule):
    return lambda value: None if value is None else rule(value)


NEW_USER = {"name": text(1, 200), "email": email, "password": text(8, 128), "age": maybe(whole(0, 150))}
USER = {"name": text(1, 200), "email": email}
ORDER = {"user_id": whole(-math.inf, math.inf), "item": text(1, 200), "amount": whole(1, BIGGEST)}
LEVEL = {"level": lambda value: None if isinstance(value, str) and value.upper() in LEVELS else "is not a level"}


def fitting(body, rules: dict[str, Callable], prefix="", optional=("age", "level", "fields")) -> dict:
    if not isinstance(body, dict):
        raise unfit(**{prefix + "body": "is not an object"})
    problems = {}
    for name, rule in rules.items():
        if name not in body:
            if name not in optional:
                problems[prefix + name] = "is missing"
        elif problem := rule(body[name]):
            problems[prefix + name] = problem
    for name in body:
        if name not in rules:
            shown = name if re.fullmatch(r"\w{1,40}", name) else "(unknown)"
            problems[prefix + shown] = "is not expected"
    if problems:
        raise unfit(**problems)
    return body


def refuse_constant(_name):
    raise ValueError("no JSON")


async def body_of(request: Request):
    try:
        return json.loads(await request.body(), parse_constant=refuse_constant)
    except (ValueError, RecursionError):
        raise Problem(400) from None


def id_of(request: Request) -> int:
    given = request.path_params["id"]
    if not re.fullmatch(r"-?[0-9]+", given):
        raise unfit(id="is no integer")
    if not re.fullmatch(r"[0-9]{1,19}", given) or int(given) > BIGGEST:
        raise Problem(404)
    return int(given)


def number(request: Request, name: str, usual: int, most: int) -> int:
    given = request.query_params.get(name, str(usual))
    if not re.fullmatch(r"[0-9]{1,19}", given) or not 1 <= int(given) <= most:
        raise unfit(**{name: f"is no integer from 1 to {most}"})
    return int(given)
