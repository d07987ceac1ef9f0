"""Lay a learner's notebook over the release's: the learner's exercises, the release's everything else."""

from __future__ import annotations

import ast
import copy
import functools
import hashlib
import re
from dataclasses import dataclass, field

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from papermill.iorw import load_notebook_node

from labs.course import catalog
from labs.course.catalog import Pattern, find_pattern, find_patterns
from labs.errors import UserError
from labs.grading.release import release_of
from labs.grading.submissions.names import labs_in
from labs.grading.submissions.notebook import exercise_of, marks, read_notebook
from labs.grading.submissions.rescue import Rescue, defined_names, rescue, similarity
from labs.judge.slips import pasting_slip

__all__ = ["Submission", "exercise_of", "parse_submission", "prepare"]

SKIP = "skip-execution"  # nbclient's tag
ENOUGH = 3  # cells of a lab by which a notebook without marks or a telling name is known as that lab's


@dataclass(slots=True)
class Submission:
    """One learner's notebook, ready to be executed."""

    pattern: Pattern
    notebook: NotebookNode  # with papermill's metadata
    notes: list[str] = field(default_factory=list)  # one sentence each, for the feedback
    answers: str = ""  # digest of the exercises' code, whatever its comments and layout
    shipped: bool = False  # that code is the release's: the starter or the reference
    hints: dict[str, int] = field(default_factory=dict)  # exercise -> hints that its outputs show as taken


def parse_submission(content: bytes, source: str = "") -> Submission:
    """Check and complete a notebook that was found at `source`. Raises UserError with one sentence when it can't be."""
    submitted, hints = read_notebook(content)
    pattern, note = _lab_of(submitted, source)
    exercises = {exercise.name for exercise in pattern.exercises}
    hints = {name: taken for name, taken in hints.items() if name in exercises}
    submission = Submission(pattern, copy.deepcopy(_release(pattern)), hints=hints)
    known = marks(submitted)
    if note:
        submission.notes.append(note)
    elif known.get("lesson") != pattern.lesson.digest:
        submission.notes.append(
            f"The notebook was made for another release ({str(known.get('release', 'unknown'))[:40]}): "
            "your exercises were judged with the provided cells of this one."
        )
    _lay_over(submission, submitted)
    return submission


def _lab_of(submitted: NotebookNode, source: str) -> tuple[Pattern, str]:
    """The lab, told by the notebook's mark, else by its name, else by what it holds; and what the learner is told."""
    lab = marks(submitted).get("lab")
    if isinstance(lab, str):
        return find_pattern(lab), ""
    scores = {pattern: _similarity(pattern, submitted) for pattern in find_patterns()}
    named = [pattern for pattern in labs_in(source) if scores.get(pattern)]
    best, second, *_ = [*sorted(scores, key=lambda pattern: -scores[pattern]), None, None]
    if len(named) == 1:
        pattern, way = named[0], "its name"
    elif best is not None and scores[best] >= ENOUGH and (second is None or scores[second] < scores[best]):
        pattern, way = best, "what its cells hold"
    else:
        raise UserError(
            "It is not a notebook of this course: its metadata names no lab, and neither its name nor its cells do."
        )
    return pattern, f"The notebook's metadata is gone. By {way} it is the lab {pattern.name}, and was judged as such."


def _similarity(pattern: Pattern, submitted: NotebookNode) -> int:
    try:
        return similarity(_release(pattern), submitted)
    except (OSError, UserError):  # a lab in the making
        return 0


@functools.cache
def _release(pattern: Pattern) -> NotebookNode:
    """The lab's built notebook, with the metadata that papermill wants in a notebook that it is to execute."""
    notebook: NotebookNode = load_notebook_node(str(catalog.NOTEBOOKS / pattern.notebook_name))
    return notebook


def prepare(pattern: Pattern) -> None:
    """Read what is needed of a lab, so that forked processes have it."""
    release_of(pattern)
    _shipped(pattern)


def _lay_over(submission: Submission, submitted: NotebookNode) -> None:
    """Put the learner's exercises and extra cells into the release's notebook, in place."""
    found = rescue(submission.notebook, submitted)
    answers, extras = _sorted(submission, submitted, found)
    submission.notes += found.sentences()
    submission.notes += _slips(answers)
    submission.answers = _digest(answers)
    submission.shipped = submission.answers in _shipped(submission.pattern)
    only_ours = not extras
    cells: list[NotebookNode] = []
    for cell in submission.notebook.cells:
        cells += extras.pop("", []) if not cells else []
        cells.append(cell)
        if exercise := exercise_of(cell):
            sources = _chosen(exercise, answers.get(exercise, []), submission.notes)
            if sources:
                cell.source = sources[0]
            cells += [new_code_cell(source, metadata=copy.deepcopy(cell.metadata)) for source in sources[1:]]
        elif only_ours and cell.cell_type == "code" and "service" not in cell.metadata.tags:
            # What a demonstration leaves behind can matter to a learner's own cells, and to nothing else.
            cell.metadata.tags = [*cell.metadata.tags, SKIP]
        cells += extras.pop(cell.id, [])
    for left in extras.values():  # followed a cell that the release does not have
        cells += left
    submission.notebook.cells = _with_unique_ids(cells)


def _sorted(
    submission: Submission, submitted: NotebookNode, found: Rescue
) -> tuple[dict[str, list[str]], dict[str, list[NotebookNode]]]:
    """The sources of each exercise, and the learner's own cells by the release's cell that they follow."""
    homes = {exercise_of(cell): cell.id for cell in submission.notebook.cells if exercise_of(cell)}
    answers: dict[str, list[str]] = {}
    extras: dict[str, list[NotebookNode]] = {}
    place = ""
    for index, cell in enumerate(submitted.cells):
        exercise = found.exercises.get(index, "")
        if exercise:
            answers.setdefault(exercise, []).append(cell.source)
            place = homes[exercise]
        elif index in found.provided:
            place = found.provided[index]
        elif exercise_of(cell) in homes:  # its mark is on a cell that is not code
            name = exercise_of(cell)
            if name not in found.exercises.values():
                submission.notes.append(f"The cell of exercise {name} is not a code cell: turn it back into one.")
        elif cell.cell_type == "code" and cell.source.strip():
            extras.setdefault(place, []).append(_extra(cell.source))
    return answers, extras


def _slips(answers: dict[str, list[str]]) -> list[str]:
    """One sentence for each exercise whose cell can't be run for a reason that is plain to see."""
    return [
        f"The cell of exercise {exercise} {slip}."
        for exercise, sources in answers.items()
        for source in sources
        if (slip := pasting_slip(source))
    ]


def _extra(source: str) -> NotebookNode:
    cell: NotebookNode = new_code_cell(source, metadata={"labs": {"extra": True}, "tags": [], "papermill": {}})
    return cell


def _chosen(exercise: str, sources: list[str], notes: list[str]) -> list[str]:
    """The cells of one exercise: all are run in their order, as in the learner's notebook, so the last one counts."""
    if not sources:
        notes.append(f"Exercise {exercise} was not attempted: its cell is missing.")
    if len(sources) > 1:
        pieces = [defined_names(source) for source in sources]
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


def _digest(answers: dict[str, list[str]]) -> str:
    """A digest of the answers that is equal for equal code, whatever its layout and comments."""
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
