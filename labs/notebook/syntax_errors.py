"""What the notebook's cells said when they were last run: finds an exercise whose cell does not even compile."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from IPython import get_ipython

from labs.course.lesson import Exercise

__all__ = ["syntax_error"]


def syntax_error(exercises: Sequence[Exercise]) -> str:
    """One sentence for the first exercise whose cell, as it was last run, has a syntax error; empty otherwise.

    Such a cell defines nothing, so the checks would judge the version before it.
    """
    shell = get_ipython()
    if shell is None:
        return ""
    runs = [source for source in shell.user_ns.get("In", []) if source.strip()]
    for exercise in exercises:
        heads = _heads(exercise)
        last = next((source for source in reversed(runs) if any(head in source for head in heads)), "")
        try:
            ast.parse(shell.transform_cell(last))
        except SyntaxError as error:
            place = f" in line {error.lineno}" if error.lineno else ""
            return (
                f"The cell of “{exercise.title}” has a syntax error{place} ({error.msg}), so it defined nothing: "
                "mend it, run it, and check again."
            )
    return ""


def _heads(exercise: Exercise) -> list[str]:
    """How the exercise's definitions begin, such as "def about("."""
    heads: list[str] = []
    for node in ast.parse(exercise.starter).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            heads.append(f"def {node.name}")
        elif isinstance(node, ast.ClassDef):
            heads.append(f"class {node.name}")
    return heads
