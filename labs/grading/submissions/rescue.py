"""Find a learner's exercises where the course's marks are gone, as editors and uploads drop them.

An exercise is found by its mark, else by its cell's id, else by what it defines, in the order of the lesson, else by
its place between the provided cells. Nobody gains by it: what is found is judged as if it had kept its mark.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from nbformat import NotebookNode

from labs.grading.submissions.notebook import exercise_of
from labs.judge.slips import without_fence

__all__ = ["Rescue", "defined_names", "rescue", "similarity"]

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
TELLING = 30  # characters of a provided cell that other notebooks are not likely to hold


@dataclass(slots=True)
class Rescue:
    """Which cell is what."""

    exercises: dict[int, str] = field(default_factory=dict)  # index of a learner's cell -> exercise
    provided: dict[int, str] = field(default_factory=dict)  # index of a learner's cell -> id of the release's cell
    ways: dict[str, str] = field(default_factory=dict)  # exercise without its mark -> how its cell was found

    def sentences(self) -> Iterator[str]:
        """The sentences by which the learner is told of it."""
        for way in dict.fromkeys(self.ways.values()):
            names = [name for name, how in self.ways.items() if how == way]
            one = len(names) == 1
            yield (
                f"The course's marks are gone from the cell{'' if one else 's'} of exercise{'' if one else 's'} "
                f"{', '.join(names)}, as some editors drop them. Found by {way}, and judged all the same."
            )


def rescue(release: NotebookNode, submitted: NotebookNode) -> Rescue:
    """Say of each submitted cell whether it is an exercise's, one that was provided, or the learner's own."""
    found = Rescue()
    cells = submitted.cells
    names = {exercise_of(cell): cell for cell in release.cells if exercise_of(cell)}
    for index, cell in enumerate(cells):
        if cell.cell_type == "code" and (name := exercise_of(cell)) in names:
            found.exercises[index] = name
    _find_provided(found, release, cells)
    missing = [name for name in names if name not in found.exercises.values()]
    for index in _unknown(found, cells):
        if (name := cells[index].get("id", "")) in missing:
            _assign(found, index, name, "the cell's id")
    missing = [name for name in missing if name not in found.exercises.values()]
    _by_definition(found, {name: defined_names(names[name].source, functions=True) for name in missing}, cells)
    _by_place(found, [name for name in missing if name not in found.exercises.values()], release, cells)
    return found


def similarity(release: NotebookNode, submitted: NotebookNode) -> int:
    """How much of a lab's notebook somebody's notebook holds: a number to compare labs by; 0 for nothing."""
    telling = {_plain(cell.source) for cell in release.cells if cell.cell_type == "code"}
    telling = {source for source in telling if len(source) >= TELLING}
    starters = [defined_names(cell.source, functions=True) for cell in release.cells if exercise_of(cell)]
    score = 0
    for cell in submitted.cells:
        if cell.cell_type == "code":
            held = defined_names(cell.source, functions=True)
            score += _plain(cell.source) in telling or any(names and names <= held for names in starters)
    return score


def defined_names(source: str, *, functions: bool = False) -> set[str]:
    """The names that a cell defines at its top level; with `functions`, those of functions and classes alone."""
    try:
        body = ast.parse(without_fence(source) if functions else source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    names = {node.name for node in body if isinstance(node, _DEFINITIONS)}
    if not functions:
        targets = [target for node in body if isinstance(node, ast.Assign) for target in node.targets]
        names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


def _find_provided(found: Rescue, release: NotebookNode, cells: Sequence[NotebookNode]) -> None:
    """Find the provided cells by their ids, else by their sources, in the order of the release: some sources repeat."""
    ids = {cell.id for cell in release.cells if not exercise_of(cell)}
    places = {cell.id: place for place, cell in enumerate(release.cells)}
    by_source: dict[str, list[str]] = {}
    for cell in release.cells:
        if not exercise_of(cell):
            by_source.setdefault(_plain(cell.source), []).append(cell.id)
    last = -1
    for index, cell in enumerate(cells):
        if index in found.exercises or exercise_of(cell):
            continue
        known = cell.get("id", "")
        if known not in ids:
            later = [one for one in by_source.get(_plain(cell.source), []) if places[one] > last]
            known = later[0] if later and cell.source.strip() else ""
        if known:
            found.provided[index] = known
            last = max(last, places[known])


def _by_definition(found: Rescue, wanted: dict[str, set[str]], cells: Sequence[NotebookNode]) -> None:
    """A cell that defines what an exercise defines is that exercise's; of several exercises, the one it has most of."""
    for index in _unknown(found, cells):
        held = defined_names(cells[index].source, functions=True)
        shares = {name: len(names & held) for name, names in wanted.items() if names & held}
        if shares:
            _assign(found, index, max(shares, key=shares.__getitem__), "what is defined there")


def _by_place(found: Rescue, missing: Sequence[str], release: NotebookNode, cells: Sequence[NotebookNode]) -> None:
    """A cell that defines something, or can't be read, where one exercise is missing between two provided cells."""
    places = {cell.id: place for place, cell in enumerate(release.cells)}
    homes = {exercise_of(cell): place for place, cell in enumerate(release.cells) if exercise_of(cell)}
    for index in _unknown(found, cells):
        source = cells[index].source
        if _readable(source) and not defined_names(source, functions=True):
            continue
        before = [places[one] for at, one in found.provided.items() if at < index]
        behind = [places[one] for at, one in found.provided.items() if at > index]
        low, high = max(before, default=-1), min(behind, default=len(places))
        here = [name for name in missing if low < homes[name] < high]
        if before and len(here) == 1:
            _assign(found, index, here[0], "the place in the notebook")


def _assign(found: Rescue, index: int, name: str, way: str) -> None:
    found.exercises[index] = name
    found.ways.setdefault(name, way)


def _unknown(found: Rescue, cells: Sequence[NotebookNode]) -> list[int]:
    """The code cells of which it is not known what they are."""
    return [
        index
        for index, cell in enumerate(cells)
        if index not in found.exercises
        and index not in found.provided
        and cell.cell_type == "code"
        and cell.source.strip()
    ]


def _readable(source: str) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _plain(source: str) -> str:
    """A cell's text, however lines end and wherever white space trails."""
    return "\n".join(line.rstrip() for line in source.strip().splitlines())
