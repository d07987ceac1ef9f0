"""Run a solved notebook in a fresh kernel, and keep of its outputs what is the same on every machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from nbformat import NotebookNode

from labs.errors import UserError
from labs.judge.verdict import Status
from labs.views.looks import LOOKS

__all__ = ["execute", "scrub"]

TIMEOUT = 120  # seconds for one cell: a lab that takes longer is broken
_WIDGET = "application/vnd.jupyter.widget-view+json"  # a random id that shows nothing once the kernel is gone
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_CELL_FILE = re.compile(r"\(\d+\.py, (line \d+)\)")  # as IPython names a cell, with another number each time
_WRONG = "|".join(re.escape(LOOKS[status].mark.strip()) for status in (Status.FAILED, Status.BROKEN))
_COMPLAINT = re.compile(
    rf"^(?:problem: |  (?:{_WRONG}) +)(.+(?:\n {{9}}(?!\w+:)\S.*)*)", re.MULTILINE
)  # in a panel's text


def execute(notebook: NotebookNode, folder: Path, where: str, env: dict[str, str] | None = None) -> None:
    """Run every cell in `folder`, outputs into the notebook. UserError when one raises or hangs, or a check fails."""
    # Imported here: only a changed lesson pays the half second.
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    metadata = dict(notebook.metadata)
    client = NotebookClient(
        notebook,
        timeout=TIMEOUT,
        kernel_name="python3",
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(folder)}},
    )
    try:
        client.execute(env={**os.environ, **(env or {})}, stderr=subprocess.DEVNULL)  # the kernel's own warnings
    except CellExecutionError as error:
        said = _CELL_FILE.sub(r"(\1)", _ANSI.sub("", f"{error.ename}: {error.evalue}")).strip().splitlines()[0]
        raise UserError(f"{where}: the solved notebook stops in cell {_stopped_at(notebook)!r} with {said}") from None
    except CellTimeoutError:
        cell = _stopped_at(notebook)
        raise UserError(f"{where}: in the solved notebook, cell {cell!r} takes longer than {TIMEOUT} s.") from None
    except DeadKernelError:
        raise UserError(f"{where}: the solved notebook kills its kernel in cell {_stopped_at(notebook)!r}.") from None
    notebook.metadata.clear()
    notebook.metadata.update(metadata)  # nbclient writes the exact version of Python here
    for cell in notebook.cells:
        for text in (output.get("data", {}).get("text/plain", "") for output in cell.get("outputs", [])):
            if found := _COMPLAINT.search(text):
                said = " ".join(found[1].split())
                raise UserError(f"{where}: the solved notebook does not pass, cell {cell.id!r} shows “{said}”.")
    scrub(notebook, where)


def scrub(notebook: NotebookNode, where: str) -> None:
    """Take out of the outputs what belongs to this machine or this run.

    Tracebacks, and the cells whose output nobody compares, are rewritten; in any other cell it would make
    nbval fail elsewhere, so it is a UserError.
    """
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        uncompared = "nbval-ignore-output" in cell.metadata.get("tags", [])
        for output in cell.get("outputs", []):
            if "traceback" in output:
                output.traceback = [_rewritten(line) for line in output.traceback]
            for container, key in _texts(output):
                if uncompared:
                    container[key] = _rewritten(container[key])
                elif found := _local(container[key]):
                    raise UserError(
                        f"{where}: the output of cell {cell.id!r} differs by machine or run, in “{found}”: "
                        "show something else, or tag the cell nbval-ignore-output."
                    )


def _texts(output: NotebookNode) -> list[tuple[NotebookNode, str]]:
    """Every text in an output, as the mapping and the key that hold it."""
    data = output.get("data", {})
    data.pop(_WIDGET, None)
    found = [(data, key) for key, value in data.items() if isinstance(value, str)]
    return found + [(output, key) for key in ("text", "evalue") if isinstance(output.get(key), str)]


def _stopped_at(notebook: NotebookNode) -> str:
    """The cell that ran last: the one that raised."""
    ran = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.execution_count is not None]
    failed = [cell for cell in ran if any(output.output_type == "error" for output in cell.outputs)]
    return str((failed or ran or notebook.cells)[-1].id)


def _places() -> list[tuple[re.Pattern[str], str]]:
    standard = Path(sysconfig.get_path("stdlib"))
    folders = [
        (Path(__file__).parents[2], "…"),
        (Path(sys.prefix), "…"),
        (standard.parent, "…/lib"),
        (Path.home(), "~"),
    ]
    found = [(f"{re.escape(str(folder))}(?=[/\\\\])", short) for folder, short in folders if len(folder.parts) > 1]
    found += [(rf"{re.escape(tempfile.gettempdir())}/[^\s'\"<>,:]+", "/tmp/…")]
    found += [
        (r"(?<=127\.0\.0\.1:)\d{5}\b", "8000"),
        (r"(?<=localhost:)\d{5}\b", "8000"),
    ]  # ports of this run
    found += [(r"\b0x[0-9a-f]{8,}\b", "0x…")]  # addresses of objects
    return [(re.compile(pattern), short) for pattern, short in found]


_PLACES = _places()


def _rewritten(text: str) -> str:
    for pattern, short in _PLACES:
        text = pattern.sub(short, text)
    return text


def _local(text: str) -> str:
    """The first line that holds something of this machine or run, cut around it."""
    for pattern, _ in _PLACES:
        if match := pattern.search(text):
            start = text.rfind("\n", 0, match.start()) + 1
            line = text[start:].split("\n", maxsplit=1)[0]
            at = match.start() - start
            return line.strip() if len(line) < 200 else f"…{line[max(0, at - 20) : at + 150]}…"
    return ""
