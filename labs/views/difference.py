"""Expected and got side by side, with what differs marked, at a bounded cost whatever a service sends."""

from __future__ import annotations

import difflib
import json
import re

from labs.views.markup import cut, escape

__all__ = ["aligned", "difference", "pretty"]

JSON_LIMIT = 20_000  # longer text is shown as it came: laying out megabytes takes seconds
WINDOW = 1_500  # characters shown on each side
LEAD = 160  # equal characters kept in front of a difference that is far into the text
ALIKE = 0.4  # two texts with less in common are a description and a value: marks all over would say nothing
SHORT = 16  # tokens on both sides together: so few are marked whatever they share
PAIRS = 250_000  # token pairs difflib may compare: a few tens of milliseconds at worst
ONE_LINE = 72  # JSON this short stays on one line

TOKEN = re.compile(r"\w+(?:[.+:-]\w+)*|\s+|[^\w\s]")


def pretty(text: str, *, sort: bool = False) -> str:
    """JSON in one spacing, indented when it is long; any other text as it is."""
    if len(text) > JSON_LIMIT or not text.lstrip().startswith(("{", "[", '"')):
        return text
    try:
        value = json.loads(text, object_pairs_hook=_unique)
        line = json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=sort)
        if len(line) <= ONE_LINE:
            return line
        return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=sort, indent=2)
    except (ValueError, RecursionError):
        return text


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object; refused when a key comes twice, since one of the two would vanish from sight."""
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key comes twice")
    return dict(pairs)


def _tidy(text: str) -> str:
    """JSON normalised, whether it is the whole text or lines of it (a status line, then a body)."""
    whole = pretty(text, sort=True)
    if whole is not text or len(text) > JSON_LIMIT:
        return whole
    return "\n".join(pretty(line, sort=True) for line in text.split("\n"))


def aligned(expected: str, got: str) -> tuple[str, str]:
    """Both texts with JSON in one spacing and key order, unless that is all they differ in."""
    tidy = _tidy(expected), _tidy(got)
    return (expected, got) if tidy[0] == tidy[1] and expected != got else tidy


def difference(expected: str, got: str) -> tuple[str, str]:
    """HTML of both sides: differing tokens in <mark>, equal beginnings and overlong ends cut with a note."""
    left, right = aligned(expected, got)
    start = max(0, _common_prefix(left, right) - LEAD)
    start = start if start > LEAD else 0
    lead = f'<span class="lp-cut">{cut(start, "equal")}</span>' if start else ""
    shown = left[start : start + WINDOW], right[start : start + WINDOW]
    marked = _mark(TOKEN.findall(shown[0]), TOKEN.findall(shown[1]))
    sides = []
    for text, html in zip((left, right), marked, strict=True):
        more = cut(max(0, len(text) - start - WINDOW))
        note = f'<span class="lp-cut">{more}</span>' if more else ""
        sides.append(f"{lead}{html or EMPTY}{note}")
    return sides[0], sides[1]


EMPTY = '<span class="lp-cut">(nothing)</span>'


def _common_prefix(left: str, right: str) -> int:
    """How many characters are equal from the start, by halving: quick on megabytes."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _mark(left: list[str], right: list[str]) -> tuple[str, str]:
    if len(left) * len(right) > PAIRS:
        return _mark_middle(left, right)
    sides: tuple[list[str], list[str]] = ([], [])
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    if len(left) + len(right) > SHORT and matcher.ratio() < ALIKE:
        return escape("".join(left)), escape("".join(right))
    for operation, from_left, to_left, from_right, to_right in matcher.get_opcodes():
        for side, tokens in zip(sides, (left[from_left:to_left], right[from_right:to_right]), strict=True):
            side.append(_marked(tokens, operation != "equal"))
    return "".join(sides[0]), "".join(sides[1])


def _mark_middle(left: list[str], right: list[str]) -> tuple[str, str]:
    """Without difflib: everything between the equal beginning and the equal end is marked."""
    head = _equal(left, right)
    tail = _equal(left[head:][::-1], right[head:][::-1])
    sides = []
    for tokens in (left, right):
        end = len(tokens) - tail
        parts = _marked(tokens[:head], False), _marked(tokens[head:end], True), _marked(tokens[end:], False)
        sides.append("".join(parts))
    return sides[0], sides[1]


def _equal(left: list[str], right: list[str]) -> int:
    """How many tokens are equal from the start."""
    shorter = min(len(left), len(right))
    return next((n for n in range(shorter) if left[n] != right[n]), shorter)


def _marked(tokens: list[str], differs: bool) -> str:
    text = escape("".join(tokens))
    return f"<mark>{text}</mark>" if text and differs else text
