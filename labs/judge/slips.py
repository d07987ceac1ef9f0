"""What often goes wrong when code is pasted: a sentence for a cell that is not Python, where the cause is plain."""

from __future__ import annotations

import ast
import re

__all__ = ["pasting_slip", "without_fence"]

_FENCE = re.compile(r"^\s*(```|~~~)")
_PROMPT = re.compile(r"^\s*(>>>|In \[\d+\]:)", re.MULTILINE)
_QUOTES = "\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb"  # double, single and angled ones
_SPACES = set("\u00a0\u2007\u202f\u3000\u200b\ufeff")


def pasting_slip(source: str) -> str:
    """Why this code can't be run, in words that follow "The cell"; empty when it can, or when the cause is another."""
    problem = _syntax_error(source)
    if problem is None:
        return ""
    line = problem.lineno or 1
    lines = source.split("\n")
    here = lines[line - 1] if line <= len(lines) else ""
    fence = next((text.strip() for text in lines if _FENCE.match(text)), "")
    quote = next((char for char in here if char in _QUOTES), "")
    # IPython takes the prompts away where every line has one.
    prompted = _PROMPT.search(source) and not _PROMPT.match(source)
    slips = (
        (fence, f"holds a Markdown fence ({fence[:20]}), which is not Python: delete the lines with {fence[:3]}"),
        (prompted, "holds prompts (>>>), as copied from a terminal: delete them"),
        (quote, f"has a typographic quotation mark ({quote}) in line {line}: type a plain one"),
        (
            set(here) & _SPACES,
            f"has a space in line {line} that is not a plain one: type it anew",
        ),
        (_mixes_tabs(problem, here), f"mixes tabs and spaces in line {line}: indent with spaces alone"),
    )
    return next((sentence for found, sentence in slips if found), "")


def _mixes_tabs(problem: SyntaxError, line: str) -> bool:
    return isinstance(problem, TabError) or ("\t" in line and "indent" in str(problem))


def _syntax_error(source: str) -> SyntaxError | None:
    try:
        ast.parse(source)
    except SyntaxError as error:
        return error
    except (ValueError, RecursionError, MemoryError):  # null bytes, or nested too deeply: not a slip
        return None
    return None


def without_fence(source: str) -> str:
    """The code inside a Markdown fence; the source itself when there is no fence."""
    lines = source.split("\n")
    return "\n".join(text for text in lines if not _FENCE.match(text))
