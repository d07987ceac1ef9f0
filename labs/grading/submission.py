"""Read a learner's notebook and lay it over the release: the learner's exercises, the release's everything else."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from labs.course import ROOT, Pattern, find_pattern
from labs.errors import UserError

__all__ = ["Submission", "exercise_of", "read_submission"]

MAX_BYTES = 5 * 1024 * 1024


@dataclass(slots=True)
class Submission:
    """One learner's notebook, ready to be executed."""

    pattern: Pattern
    notebook: NotebookNode
    notes: list[str] = field(default_factory=list)  # one sentence each, for the feedback


def read_submission(path: Path) -> Submission:
    """Read and complete a notebook. Raises UserError with one sentence when it is none of this course's."""
    submitted = _read(path)
    about = submitted.metadata.get("labs")
    if not isinstance(about, dict) or not isinstance(about.get("lab"), str):
        raise UserError(f"{path} is no notebook of this course: its metadata names no lab.")
    pattern = find_pattern(about["lab"])
    release = nbformat.read(ROOT / "notebooks" / pattern.notebook_name, as_version=4)
    submission = Submission(pattern, release)
    if about.get("lesson") != pattern.lesson.digest:
        submission.notes.append(
            f"The notebook was made for another release ({about.get('release', 'unknown')}): "
            "your exercises were judged with the provided cells of this one."
        )
    _lay_over(submission, submitted)
    return submission


def _read(path: Path) -> NotebookNode:
    try:
        if not path.is_file():
            raise UserError(f"There is no notebook {path}: check the path.")
        if path.stat().st_size > MAX_BYTES:
            raise UserError(
                f"{path} is larger than {MAX_BYTES // 1024 // 1024} MB: clear its outputs and hand it in again."
            )
        notebook = nbformat.reads(path.read_text("utf-8"), as_version=4)
    except UserError:
        raise
    except UnicodeDecodeError:
        raise UserError(f"{path} is no UTF-8 text, so it can't be a notebook.") from None
    except OSError as error:
        raise UserError(f"{path} can't be read: {error.strerror}.") from None
    except Exception:
        raise UserError(f"{path} is no valid notebook: open it in JupyterLab and save it again.") from None
    cells = notebook.get("cells")
    if not isinstance(notebook.get("metadata"), dict) or not isinstance(cells, list) or not all(map(_is_cell, cells)):
        raise UserError(f"{path} is no valid notebook: open it in JupyterLab and save it again.")
    return notebook


def _is_cell(cell: object) -> bool:
    return (
        isinstance(cell, dict)
        and cell.get("cell_type") in ("code", "markdown", "raw")
        and isinstance(cell.get("source"), str)
        and isinstance(cell.get("metadata"), dict)
    )


def exercise_of(cell: NotebookNode) -> str:
    """The name of the exercise that a cell is; empty for any other cell."""
    about = cell.metadata.get("labs")
    name = about.get("exercise") if isinstance(about, dict) else None
    return name if isinstance(name, str) else ""


def _lay_over(submission: Submission, submitted: NotebookNode) -> None:
    """Put the learner's exercises and extra cells into the release's notebook, in place."""
    known = {cell.id for cell in submission.notebook.cells}
    answers: dict[str, list[str]] = {}
    extras: dict[str, list[NotebookNode]] = {}
    place = ""
    for cell in submitted.cells:
        if exercise := exercise_of(cell):
            if cell.cell_type != "code":
                submission.notes.append(f"The cell of exercise {exercise} is no code cell: turn it back into one.")
                continue
            answers.setdefault(exercise, []).append(cell.source)
            place = cell.get("id", place)
        elif cell.get("id") in known:
            place = cell.id
        elif cell.cell_type == "code":
            extra = copy.deepcopy(cell)
            extra.outputs, extra.execution_count = [], None
            extras.setdefault(place, []).append(extra)
    cells: list[NotebookNode] = []
    for cell in submission.notebook.cells:
        cells += extras.pop("", []) if not cells else []
        cells.append(cell)
        if exercise := exercise_of(cell):
            # Several after a cell was split or pasted: run in their order, as they ran in the learner's notebook.
            first, *more = answers.get(exercise) or [None]
            if first is None:
                submission.notes.append(f"Exercise {exercise} was not attempted: its cell is missing.")
            else:
                cell.source = first
            if more:
                note = f"Exercise {exercise} has several cells: all of them were run, one after the other."
                submission.notes.append(note)
            cells += [new_code_cell(source, metadata=cell.metadata) for source in more]
        cells += extras.pop(cell.id, [])
    for left in extras.values():  # followed a cell that the release does not have
        cells += left
    submission.notebook.cells = _with_unique_ids(cells)


def _with_unique_ids(cells: list[NotebookNode]) -> list[NotebookNode]:
    seen: set[str] = set()
    for index, cell in enumerate(cells):
        if cell.id in seen:
            cell.id = f"extra-{index}"
        seen.add(cell.id)
    return cells
