"""Read a learner's notebook and lay it over the release: the learner's exercises, the release's everything else."""

from __future__ import annotations

import ast
import copy
import functools
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from papermill.iorw import load_notebook_node

from labs.course import catalog
from labs.course.catalog import Pattern, find_pattern
from labs.errors import UserError
from labs.grading.release import release_of

__all__ = ["Submission", "exercise_of", "parse_submission", "prepare"]

MAX_CELLS = 500
MAX_SOURCE = 256 * 1024  # characters of one cell
SKIP = "skip-execution"  # nbclient's tag


@dataclass(slots=True)
class Submission:
    """One learner's notebook, ready to be executed."""

    pattern: Pattern
    notebook: NotebookNode  # with papermill's metadata
    notes: list[str] = field(default_factory=list)  # one sentence each, for the feedback
    answers: str = ""  # digest of the exercises' code, whatever its comments and layout
    shipped: bool = False  # that code is the release's: the starter or the reference
    hints: dict[str, int] = field(default_factory=dict)  # exercise -> hints that its outputs show as taken


def parse_submission(content: bytes) -> Submission:
    """Check and complete a notebook. Raises UserError with one sentence when it is none of this course's."""
    submitted, hints = _parse(content)
    about = _about(submitted)
    if not isinstance(about.get("lab"), str):
        raise UserError("It is no notebook of this course: its metadata names no lab.")
    pattern = find_pattern(about["lab"])
    exercises = {exercise.name for exercise in pattern.exercises}
    hints = {name: taken for name, taken in hints.items() if name in exercises}
    submission = Submission(pattern, copy.deepcopy(_release(pattern)), hints=hints)
    if about.get("lesson") != pattern.lesson.digest:
        submission.notes.append(
            f"The notebook was made for another release ({str(about.get('release', 'unknown'))[:40]}): "
            "your exercises were judged with the provided cells of this one."
        )
    _lay_over(submission, submitted)
    return submission


@functools.cache
def _release(pattern: Pattern) -> NotebookNode:
    """As papermill wants a notebook that it is to execute."""
    return load_notebook_node(str(catalog.NOTEBOOKS / pattern.notebook_name))


def prepare(pattern: Pattern) -> None:
    """Read what is needed of a lab, so that forked processes have it."""
    release_of(pattern)
    _shipped(pattern)


def _parse(content: bytes) -> tuple[NotebookNode, dict[str, int]]:
    """The notebook without anything that could hurt, and the hints that were taken in it."""
    try:
        data = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise UserError("It is no UTF-8 text, so it can't be a notebook.") from None
    except (ValueError, RecursionError):
        raise UserError("It is no valid JSON, so it can't be a notebook: was it sent whole?") from None
    version = data.get("nbformat") if isinstance(data, dict) else None
    if not isinstance(version, int):
        raise UserError("It is no notebook.")
    if version != 4:
        raise UserError(
            f"It has notebook format {str(version)[:20]}, and 4 is needed: open it in JupyterLab and save it."
        )
    cells = data.get("cells")
    if not isinstance(data.get("metadata"), dict) or not isinstance(cells, list) or not all(map(_is_cell, cells)):
        raise UserError("It is no valid notebook: open it in JupyterLab and save it again.")
    if len(cells) > MAX_CELLS:
        raise UserError(f"It has more than {MAX_CELLS} cells.")
    # Nothing else of it matters, and anything else might hurt: kernel, languages, other metadata, other outputs.
    kept = [{"cell_type": cell["cell_type"], "metadata": _ours(cell), "id": cell.get("id", "")} for cell in cells]
    for cell, source in zip(kept, (_text(cell["source"]) for cell in cells), strict=True):
        # Half of a pair of surrogates, as of an emoji cut in two, can't be sent; in a string its escape means the same.
        cell["source"] = source.encode("utf-8", "backslashreplace").decode()
        if len(source) > MAX_SOURCE:
            raise UserError(f"One of its cells is longer than {MAX_SOURCE // 1024} kB.")
    notebook = nbformat.from_dict({"nbformat": 4, "nbformat_minor": 5, "metadata": _ours(data), "cells": kept})
    return notebook, _hints_taken(cells)


def _hints_taken(cells: list[dict[str, Any]]) -> dict[str, int]:
    """By exercise, as `lab.hint()` has left it in the outputs' metadata."""
    taken: dict[str, int] = {}
    for cell in cells:
        outputs = cell.get("outputs")
        for output in outputs if isinstance(outputs, list) else []:
            about = _about(output)
            if isinstance(about.get("exercise"), str) and type(about.get("hints")) is int:
                taken[about["exercise"]] = max(taken.get(about["exercise"], 0), about["hints"])
    return taken


def _ours(thing: dict[str, Any]) -> dict[str, Any]:
    """Of the metadata, the short texts that this course has put there."""
    about = {key: value for key, value in _about(thing).items() if isinstance(value, str)}
    return {"labs": about} if about else {}


def _about(thing: Any) -> dict[str, Any]:
    """What this course, or somebody else, has put into the metadata of a notebook, a cell or an output."""
    metadata = thing.get("metadata") if isinstance(thing, dict) else None
    about = metadata.get("labs") if isinstance(metadata, dict) else None
    return about if isinstance(about, dict) else {}


def _text(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)


def _is_cell(cell: Any) -> bool:
    return (
        isinstance(cell, dict)
        and cell.get("cell_type") in ("code", "markdown", "raw")
        and _is_text(cell.get("source"))
        and isinstance(cell.get("metadata"), dict)
        and isinstance(cell.get("id", ""), str)
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(line, str) for line in value))


def exercise_of(cell: NotebookNode) -> str:
    """The name of the exercise that a cell is; empty for any other cell."""
    name = _about(cell).get("exercise")
    return name if isinstance(name, str) else ""


def _lay_over(submission: Submission, submitted: NotebookNode) -> None:
    """Put the learner's exercises and extra cells into the release's notebook, in place."""
    known = {cell.id for cell in submission.notebook.cells}
    names = [exercise_of(cell) for cell in submission.notebook.cells if exercise_of(cell)]
    answers: dict[str, list[str]] = {}
    extras: dict[str, list[NotebookNode]] = {}
    place = ""
    for cell in submitted.cells:
        exercise = exercise_of(cell)
        if exercise in names:
            if cell.cell_type != "code":
                submission.notes.append(f"The cell of exercise {exercise} is no code cell: turn it back into one.")
                continue
            answers.setdefault(exercise, []).append(cell.source)
            place = cell.get("id", place)
        elif cell.get("id") in known:
            place = cell.id
        elif cell.cell_type == "code" and cell.source.strip():
            extras.setdefault(place, []).append(_extra(cell.source))
    submission.answers = _digest(answers)
    submission.shipped = submission.answers in _shipped(submission.pattern)
    only_ours = not extras
    cells: list[NotebookNode] = []
    for cell in submission.notebook.cells:
        cells += extras.pop("", []) if not cells else []
        cells.append(cell)
        if exercise := exercise_of(cell):
            first, *more = _chosen(exercise, answers.get(exercise, []), submission.notes) or [None]
            if first is not None:
                cell.source = first
            cells += [new_code_cell(source, metadata=copy.deepcopy(cell.metadata)) for source in more]
        elif only_ours and cell.cell_type == "code" and "service" not in cell.metadata.tags:
            # What a demonstration leaves behind can matter to a learner's own cells, and to nothing else.
            cell.metadata.tags = [*cell.metadata.tags, SKIP]
        cells += extras.pop(cell.id, [])
    for left in extras.values():  # followed a cell that the release does not have
        cells += left
    submission.notebook.cells = _with_unique_ids(cells)


def _extra(source: str) -> NotebookNode:
    return new_code_cell(source, metadata={"labs": {"extra": True}, "tags": [], "papermill": {}})


def _chosen(exercise: str, sources: list[str], notes: list[str]) -> list[str]:
    """The cells of one exercise: all are run in their order, as in the learner's notebook, so the last one counts."""
    if not sources:
        notes.append(f"Exercise {exercise} was not attempted: its cell is missing.")
    if len(sources) > 1:
        pieces = [_defined(source) for source in sources]
        if all(piece and piece <= pieces[-1] for piece in pieces):
            notes.append(f"Exercise {exercise} has {len(sources)} cells that define the same: the last one counts.")
        else:
            notes.append(f"Exercise {exercise} has several cells: all of them were run, one after the other.")
    return sources


def _tree(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _defined(source: str) -> set[str]:
    """The names that a cell defines at its top level."""
    tree = _tree(source)
    names: set[str] = set()
    for statement in tree.body if tree else ():
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(statement.name)
        elif isinstance(statement, ast.Assign):
            names |= {target.id for target in statement.targets if isinstance(target, ast.Name)}
    return names


def _digest(answers: dict[str, list[str]]) -> str:
    """Equal for the same code in another layout and with other comments."""
    whole = hashlib.sha256()
    for exercise in sorted(answers):
        for source in answers[exercise]:
            tree = _tree(source)
            try:
                text = ast.dump(tree) if tree else re.sub(r"\s+", "", source)
            except RecursionError:
                text = source
            whole.update(f"{exercise}\0{text}\0".encode(errors="replace"))
    return whole.hexdigest()


@functools.cache
def _shipped(pattern: Pattern) -> frozenset[str]:
    starter = {exercise_of(cell): [cell.source] for cell in _release(pattern).cells if exercise_of(cell)}
    reference = {exercise.name: [exercise.solution] for exercise in pattern.exercises}
    return frozenset({_digest(starter), _digest(reference)})


def _with_unique_ids(cells: list[NotebookNode]) -> list[NotebookNode]:
    seen: set[str] = set()
    for index, cell in enumerate(cells):
        if cell.id in seen:
            cell.id = f"extra-{index}"
        seen.add(cell.id)
    return cells
