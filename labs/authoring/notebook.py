"""Makes the notebooks of a lesson. Equal lessons give equal bytes."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from typing import Any

import nbformat
from nbformat import NotebookNode

import labs
from labs.course.lesson import Cell, Lesson

__all__ = ["differences", "fingerprint", "learner_notebook", "solved_notebook", "to_text"]

# The plainest kernel there is: whoever opens the notebook has it. No version of Python: machines differ.
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE = {"name": "python"}

_OF_THE_LESSON = ("name", "title", "level", "exercise")  # a lesson's options that mean nothing to Jupyter
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def learner_notebook(lesson: Lesson) -> NotebookNode:
    """What the learner opens: starters, no outputs."""
    notebook = _notebook(lesson, {exercise.name: exercise.starter for exercise in lesson.exercises})
    notebook.metadata.labs.built = fingerprint(notebook)
    return notebook


def solved_notebook(lesson: Lesson, outputs: str = "") -> NotebookNode:
    """The notebook with the reference in it, not yet executed. `outputs`: digest of what its outputs depend on."""
    notebook = _notebook(lesson, {exercise.name: exercise.solution for exercise in lesson.exercises})
    if outputs:
        notebook.metadata.labs.outputs = outputs
    return notebook


def fingerprint(notebook: NotebookNode) -> str:
    """A digest of the cells' sources: tells whether somebody has worked in a built notebook."""
    sources = [[cell.cell_type, cell.source] for cell in notebook.cells]
    return hashlib.sha256(json.dumps(sources).encode()).hexdigest()


def to_text(notebook: NotebookNode) -> str:
    """The file's text, as Jupyter would write it."""
    nbformat.validate(notebook)
    return str(nbformat.writes(notebook, version=4)).rstrip("\n") + "\n"


def differences(built: NotebookNode, kept: NotebookNode) -> list[str]:
    """What differs between a notebook as built and as kept, outputs aside: names of cells, or "metadata"."""
    if [cell.get("id") for cell in built.cells] != [cell.get("id") for cell in kept.cells]:
        return ["the order of its cells"]
    found = [f"cell {new['id']}" for new, old in zip(built.cells, kept.cells, strict=True) if _core(new) != _core(old)]
    return found + (["metadata"] if built.metadata != kept.metadata else [])


def _core(cell: NotebookNode) -> tuple[object, ...]:
    return cell.cell_type, cell.source, cell.metadata


def _notebook(lesson: Lesson, exercises: dict[str, str]) -> NotebookNode:
    names = _Names()
    cells = [_cell(cell, exercises.get(cell.exercise, cell.source), names.of(cell)) for cell in lesson.cells]
    metadata = {
        "kernelspec": KERNELSPEC,
        "labs": {"lab": lesson.name, "lesson": lesson.digest, "release": labs.__version__},
        "language_info": LANGUAGE,
    }
    notebook: NotebookNode = nbformat.from_dict(
        {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    )
    return notebook


def _cell(cell: Cell, source: str, name: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {"deletable": False, "editable": False}
    if cell.exercise:
        metadata = {"deletable": False, "labs": {"exercise": cell.exercise}}
    metadata |= {key: value for key, value in cell.metadata.items() if key not in _OF_THE_LESSON}
    if cell.tags:
        metadata["tags"] = cell.tags
    built = {"cell_type": cell.kind, "id": name, "metadata": metadata, "source": source}
    return built | {"execution_count": None, "outputs": []} if cell.kind == "code" else built


class _Names:
    """Cell ids that a person can read: the exercise's name, or the section's heading and a number.

    Counted within their section, so that a new cell renames only what follows it there.
    """

    def __init__(self) -> None:
        self._section = "top"
        self._taken: set[str] = set()

    def of(self, cell: Cell) -> str:
        if cell.exercise:
            return self._free(_slug(cell.exercise, keep="_"))
        prose = _FENCE.sub("", cell.source) if cell.kind == "markdown" else ""
        if headings := re.findall(r"^#{1,4} +(.+)", prose, re.MULTILINE):
            self._section = _slug(headings[-1])
            return self._free(self._section)
        return self._free(self._section, number=1)

    def _free(self, name: str, number: int = 0) -> str:
        while (free := f"{name}-{number}" if number else name) in self._taken:
            number += 1
        self._taken.add(free)
        return free


def _slug(text: str, keep: str = "") -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(rf"[^A-Za-z0-9{keep}]+", "-", plain).strip("-")[:48].rstrip("-").lower() or "cell"
