"""`labs build`: make notebooks/, solutions/ and the fast form of each lesson from the lesson files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from labs.authoring.execute import execute
from labs.authoring.notebook import differences, fingerprint, learner_notebook, solved_notebook, to_text
from labs.course.catalog import PACKAGE, Pattern
from labs.course.lesson import Lesson, LessonError, load_lesson
from labs.errors import UserError

__all__ = ["build", "homeless", "read_lesson", "stale", "stale_files"]

NOTEBOOKS, SOLUTIONS = "notebooks", "solutions"
# How a lab shows itself: a change here changes what is in every executed notebook.
_RENDERING = sorted(file for file in (PACKAGE / "views").iterdir() if file.suffix in (".py", ".css"))
_RENDERING += [PACKAGE / "lab.py", PACKAGE / "notebook" / "served.py"]


def build(
    patterns: Sequence[Pattern],
    root: Path,
    *,
    execute: bool = True,
    force: bool = False,
    out: Callable[[str], None] = print,
) -> list[str]:
    """Write what is not up to date for these labs; the files that changed, relative to `root`.

    Only solutions whose cells, checks or panel changed are executed. With `force` all are, and a notebook in
    which somebody has worked is overwritten instead of refused. Without `execute`, none are.
    """
    pages = [_page(pattern, root) for pattern in patterns]  # all are read before anything is written
    changed: list[str] = []
    for page in pages:
        if not force and (kept := _read(page.learner)) is not None and _worked_in(kept):
            raise UserError(
                f"{_relative(page.learner, root)} holds work that no lesson builds: move it away, "
                "or overwrite it with `labs build --force`."
            )
    for page in pages:
        changed += _write(page.folder / "lesson.json", page.lesson.to_json(), root)
        changed += _write(page.learner, to_text(learner_notebook(page.lesson)), root)
    for page in pages:
        wanted, kept = solved_notebook(page.lesson, page.outputs), _read(page.solved)
        if not force and kept is not None and _carry_over(kept, wanted):
            changed += _write(page.solved, to_text(wanted), root)
        elif execute:
            out(f"executing {_relative(page.solved, root)}")
            _execute(wanted, page.solved, page.source)
            changed += _write(page.solved, to_text(wanted), root)
    return changed


def stale(patterns: Sequence[Pattern], root: Path) -> list[str]:
    """One sentence for each built file that is not what its lesson gives; executes nothing."""
    return [sentence for pattern in patterns for sentence in stale_files(pattern, root)] + homeless(patterns, root)


def stale_files(pattern: Pattern, root: Path) -> list[str]:
    """One sentence for each built file of this lab that is not what its lesson gives."""
    try:
        page = _page(pattern, root)
    except LessonError as error:
        return [str(error)]
    return [
        *_stale_text(page.folder / "lesson.json", page.lesson.to_json(), page, root),
        *_stale_notebook(page.learner, learner_notebook(page.lesson), page, root),
        *_stale_notebook(page.solved, solved_notebook(page.lesson, page.outputs), page, root),
        *_left_over(page, root),
    ]


def homeless(patterns: Sequence[Pattern], root: Path) -> list[str]:
    """One sentence for each built notebook whose lab was renamed or removed."""
    homes = {pattern.folder.parent for pattern in patterns}
    numbered = "[0-9][0-9]_*.ipynb"
    paths = sorted([*(root / NOTEBOOKS).glob(numbered), *(root / SOLUTIONS).glob(numbered)])
    gone = [path for path in paths if not any((home / path.stem[3:] / "lesson.md").is_file() for home in homes)]
    return [f"{_relative(path, root)} belongs to no lab: delete it." for path in gone if homes]


def read_lesson(pattern: Pattern) -> Lesson:
    """The lesson as lesson.md says it now, whatever lesson.json remembers. Raises LessonError."""
    return load_lesson(pattern.folder, from_source=True)


@dataclass(slots=True)
class _Page:
    """One lesson and the files that are built from it."""

    folder: Path
    source: str  # of lesson.md, as shown in messages
    lesson: Lesson
    outputs: str  # digest of what the solved notebook's outputs depend on, besides its cells
    learner: Path
    solved: Path


def _page(pattern: Pattern, root: Path) -> _Page:
    lesson = read_lesson(pattern)
    source = _relative(pattern.folder / "lesson.md", root)
    name = f"{lesson.order:02d}_{pattern.name}.ipynb"
    outputs = _digest([*pattern.checks_sources, *_RENDERING])
    return _Page(pattern.folder, source, lesson, outputs, root / NOTEBOOKS / name, root / SOLUTIONS / name)


def _digest(files: Sequence[Path]) -> str:
    texts = [file.read_text("utf-8", errors="replace") if file.is_file() else "" for file in files]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def _execute(notebook: NotebookNode, path: Path, source: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)  # the kernel's working directory
    execute(notebook, path.parent, source)


def _carry_over(kept: NotebookNode, wanted: NotebookNode) -> bool:
    """Give `wanted` the outputs of `kept` if they come from the same sources; whether they do."""
    same_cells = fingerprint(kept) == fingerprint(wanted)
    same_rest = kept.metadata.get("labs", {}).get("outputs") == wanted.metadata.labs.outputs
    if not (same_cells and same_rest and _executed(kept)):
        return False
    for new, old in zip(wanted.cells, kept.cells, strict=True):
        if new.cell_type == "code":
            new.outputs, new.execution_count = old.outputs, old.execution_count
    return True


def _executed(notebook: NotebookNode) -> bool:
    """Whether every cell with code was run: nbval compares nothing where one was not."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    return all(cell.execution_count is not None for cell in cells)


def _worked_in(notebook: NotebookNode) -> bool:
    """Whether a built notebook has been changed since. One that was never built here counts as worked in."""
    return bool(notebook.metadata.get("labs", {}).get("built") != fingerprint(notebook))


def _stale_text(path: Path, wanted: str, page: _Page, root: Path) -> list[str]:
    if not path.is_file():
        return [f"{_relative(path, root)} is missing: run `labs build {page.lesson.name}`."]
    if path.read_text("utf-8") != wanted:
        shown = _relative(path, root)
        return [f"{shown} is not what {page.source} gives now: run `labs build {page.lesson.name}`."]
    return []


def _stale_notebook(path: Path, wanted: NotebookNode, page: _Page, root: Path) -> list[str]:
    name = page.lesson.name
    shown = _relative(path, root)
    try:
        kept = _read(path)
    except UserError as error:
        return [str(error)]
    if kept is None:
        return [f"{shown} is missing: run `labs build {name}`."]
    if found := differences(wanted, kept):
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        what = f"{found[0]}{more} differs"
        return [f"{shown} is not what {page.source} gives now ({what}): run `labs build {name}`."]
    if path == page.solved and not _executed(kept):
        return [f"{shown} was not executed: run `labs build {name}`."]
    if path == page.learner and any(cell.get("outputs") for cell in kept.cells):
        return [f"{shown} holds outputs, which are for the learner to make: run `labs build {name}`."]
    return []


def _left_over(page: _Page, root: Path) -> list[str]:
    """Notebooks that the lab had before it was renumbered."""
    numbered = f"[0-9][0-9]_{page.lesson.name}.ipynb"
    paths = sorted([*(root / NOTEBOOKS).glob(numbered), *(root / SOLUTIONS).glob(numbered)])
    old = [path for path in paths if path not in (page.learner, page.solved)]
    return [f"{_relative(path, root)} has another number than the lesson's `order:`: delete it." for path in old]


def _read(path: Path) -> NotebookNode | None:
    if not path.is_file():
        return None
    try:
        notebook: NotebookNode = nbformat.reads(path.read_text("utf-8"), as_version=4)
    except Exception:
        raise UserError(
            f"{path} is not a notebook that can be read: delete it, and `labs build` makes it anew."
        ) from None
    return notebook


def _write(path: Path, text: str, root: Path) -> list[str]:
    """Write a file if that changes it; its name if it did. Whole or not at all, also when interrupted."""
    if path.is_file() and path.read_bytes() == text.encode():
        return []
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_bytes(text.encode())
    os.replace(temporary, path)
    return [_relative(path, root)]


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
