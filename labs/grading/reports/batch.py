"""Everything about a batch, in one pass over its results: four files that stand for the same submissions."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from labs.grading.reports.files import replacing
from labs.grading.reports.gradebook import Gradebook
from labs.grading.reports.junit import JUnit
from labs.grading.reports.summary import Summary
from labs.grading.reports.text import harmless
from labs.grading.result import Result
from labs.grading.roster import Roster

__all__ = ["write_batch"]


def write_batch(results: Iterable[Result], out: Path, roster: Roster | None = None) -> None:
    """Write junit.xml, grades.csv, results.jsonl and summary.html into `out`, which is made when it is missing.

    With a `roster`, grades.csv has people's names and addresses, and a row for those who handed in nothing.

    The results are read once, in their order, and not kept: of each, a few dozen bytes stay in memory. Every line of
    results.jsonl is a `Result.to_dict`. The four files are replaced whole, one after another, after the last result;
    when `results` raises, the old ones stay. Raises OSError when they can't be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        lines = stack.enter_context(replacing(out / "results.jsonl"))
        junit = JUnit(out / "junit.xml", stack)
        gradebook = Gradebook(out / "grades.csv", stack, roster)
        summary = Summary(out / "summary.html", stack)
        for result in results:
            lines.write(json.dumps(harmless(result.to_dict()), ensure_ascii=False, separators=(",", ":")) + "\n")
            junit.add(result)
            gradebook.add(result)
            summary.add(result)
        junit.finish()
        gradebook.finish()
        summary.finish()
