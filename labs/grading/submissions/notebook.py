"""Read a learner's file as a notebook, and keep of it what counts: the cells' sources and this course's marks."""

from __future__ import annotations

import json
from typing import Any  # Any: JSON that a learner has sent

import nbformat
from nbformat import NotebookNode

from labs.errors import UserError

__all__ = ["exercise_of", "marks", "read_notebook"]

MAX_CELLS = 500
MAX_SOURCE = 256 * 1024  # characters of one cell
MAX_SOURCES = 5 * 1024 * 1024  # characters of all cells; what they have printed does not count


def read_notebook(content: bytes) -> tuple[NotebookNode, dict[str, int]]:
    """The notebook without anything that could hurt, and the hints that were taken in it. Raises UserError."""
    try:
        data = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise UserError("It is not UTF-8 text, so it can't be a notebook.") from None
    except (ValueError, RecursionError):
        raise UserError("It is not valid JSON, so it can't be a notebook: was it sent whole?") from None
    except MemoryError:
        raise UserError("It holds too much to be read: clear its outputs and hand it in again.") from None
    version = data.get("nbformat") if isinstance(data, dict) else None
    if not isinstance(version, int):
        raise UserError("It is not a notebook.")
    if version != 4:
        raise UserError(
            f"It has notebook format {str(version)[:20]}, and 4 is needed: open it in JupyterLab and save it."
        )
    cells = data.get("cells")
    if not isinstance(data.get("metadata", {}), dict) or not isinstance(cells, list) or not all(map(_is_cell, cells)):
        raise UserError("It is not a valid notebook: open it in JupyterLab and save it again.")
    if len(cells) > MAX_CELLS:
        raise UserError(f"It has more than {MAX_CELLS} cells.")
    sources = [_text(cell["source"]) for cell in cells]
    if any(len(source) > MAX_SOURCE for source in sources):
        raise UserError(f"One of its cells is longer than {MAX_SOURCE // 1024} kB.")
    if sum(map(len, sources)) > MAX_SOURCES:
        raise UserError(f"Its cells are longer than {MAX_SOURCES // 1024 // 1024} MB together.")
    # Nothing else of it matters, and anything else might hurt: kernel, languages, other metadata, other outputs.
    kept = [
        {
            "cell_type": cell["cell_type"],
            "metadata": _kept(cell),
            "id": cell.get("id", ""),
            # Half of a surrogate pair, as of an emoji cut in two, can't be sent; its escape in a string means the same.
            "source": source.encode("utf-8", "backslashreplace").decode(),
        }
        for cell, source in zip(cells, sources, strict=True)
    ]
    notebook = nbformat.from_dict({"nbformat": 4, "nbformat_minor": 5, "metadata": _kept(data), "cells": kept})
    return notebook, _hints_taken(cells)


def marks(thing: object) -> dict[str, Any]:
    """What this course, or somebody else, has put into the metadata of a notebook, a cell or an output."""
    metadata = thing.get("metadata") if isinstance(thing, dict) else None
    found = metadata.get("labs") if isinstance(metadata, dict) else None
    return found if isinstance(found, dict) else {}


def exercise_of(cell: NotebookNode) -> str:
    """The name of the exercise that a cell is marked as; empty for any other cell."""
    name = marks(cell).get("exercise")
    return name if isinstance(name, str) else ""


def _hints_taken(cells: list[dict[str, Any]]) -> dict[str, int]:
    """How many hints were taken for each exercise, as `lab.hint()` has left it in the outputs' metadata."""
    taken: dict[str, int] = {}
    for cell in cells:
        outputs = cell.get("outputs")
        for output in outputs if isinstance(outputs, list) else []:
            found = marks(output)
            if isinstance(found.get("exercise"), str) and type(found.get("hints")) is int:
                taken[found["exercise"]] = max(taken.get(found["exercise"], 0), found["hints"])
    return taken


def _kept(thing: dict[str, Any]) -> dict[str, Any]:
    """The texts that this course has put into the metadata, and nothing else of it."""
    found = {key: value for key, value in marks(thing).items() if isinstance(value, str)}
    return {"labs": found} if found else {}


def _text(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)


def _is_cell(cell: object) -> bool:
    return (
        isinstance(cell, dict)
        and cell.get("cell_type") in ("code", "markdown", "raw")
        and _is_text(cell.get("source"))
        and isinstance(cell.get("metadata", {}), dict)
        and isinstance(cell.get("id", ""), str)
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(line, str) for line in value))
