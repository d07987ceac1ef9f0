"""summary.html, which an instructor opens after a batch. Rows are set aside until it is known what stands above."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from functools import cache
from pathlib import Path

from labs.grading.reports import overview
from labs.grading.reports.attention import Attention
from labs.grading.reports.files import replacing, spool
from labs.grading.reports.symbols import symbols
from labs.grading.reports.table import Table
from labs.grading.reports.tally import Row, Tally
from labs.grading.result import Result
from labs.views.markup import style
from labs.views.page import Page

__all__ = ["Summary"]


class Summary:
    """summary.html, submission by submission; complete when the stack closes."""

    def __init__(self, path: Path, stack: ExitStack) -> None:
        self._folder = path.parent
        self._file = stack.enter_context(replacing(path))
        self._rows = stack.enter_context(spool(path.parent))
        self._tally = Tally()

    def add(self, result: Result) -> None:
        """Count one submission and set its row aside."""
        row = Row.of(result)
        self._tally.add(result, row)
        self._rows.write(json.dumps(asdict(row)) + "\n")

    def finish(self) -> None:
        """Write the page."""
        page = Page(
            "Grading summary",
            f"{style()}\n{style('feedback.css')}\n{_own('summary.css')}",
            _own("summary.js"),
            wide=True,
        )
        attention, table = Attention(self._tally, self._link), Table(self._tally, self._link)
        for row in self._read():
            attention.add(row)
        write = self._file.write
        write(page.head + symbols())
        write(overview.head(self._tally) + overview.scores(self._tally))
        write(attention.html() + overview.checks(self._tally) + overview.slowest(self._tally, self._link))
        write(table.head())
        for row in self._read():
            write(table.row(row))
        write(table.tail() + page.tail)

    def _read(self) -> Iterator[Row]:
        self._rows.seek(0)
        return (Row(**json.loads(line)) for line in self._rows)

    def _link(self, submission: str) -> str:
        """Where the submission's feedback stands, seen from the summary; empty when there is none."""
        page = f"submissions/{submission}/feedback.html"
        return page if "/" not in submission and (self._folder / page).is_file() else ""


@cache
def _own(name: str) -> str:
    """A style sheet or script of this package, without its comments."""
    text = Path(__file__).with_name(name).read_text("utf-8").strip()
    lines = (line.strip() for line in text.split("\n"))
    return "\n".join(line for line in lines if line and not line.startswith(("//", "/*")))
