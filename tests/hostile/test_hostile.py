"""The grader among notebooks that attack it: each gets its due, its neighbours theirs, and nothing stays behind."""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell

import labs.course.catalog
from labs.authoring.notebook import learner_notebook
from labs.course.catalog import Pattern
from labs.grading.batch import Options, grade_batch, stored_results
from labs.grading.isolation import tiers
from labs.grading.isolation.limits import descendants

from .cases import CASES, FULL, REFERENCE, Case

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="isolation needs Linux"),
]
NEIGHBOURS = 4


@pytest.fixture(scope="module")
def course(build_course, fort_lab, tmp_path_factory):
    """A clone whose only lab is the fort."""
    root = tmp_path_factory.mktemp("clone")
    fort = build_course(root, fort_lab)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(labs.course.catalog, "PATTERNS", root / "patterns")
        patch.setattr(labs.course.catalog, "NOTEBOOKS", root / "notebooks")
        patch.setenv("HOSTILE_SUITE_SECRET", "HOSTILE_SUITE_SECRET")
        yield fort


def write(fort: Pattern, case: Case, folder: Path) -> None:
    notebook = learner_notebook(fort.lesson)
    for cell in notebook.cells:
        if cell.metadata.get("labs", {}).get("exercise") == "answer":
            cell.source = case.answer
    if case.cell:
        notebook.cells.insert(1, new_code_cell(case.cell))
    (folder / f"{case.name}.ipynb").write_text(json.dumps(notebook))  # also what nbformat would not write


def leftovers() -> set[str]:
    return {path.name for path in Path(tempfile.gettempdir()).glob(f"labs-grade-{os.getpid()}-*")}


@pytest.fixture(scope="module", params=[tier for tier in tiers.explore().tiers if tier != "limits"])
def graded(request, course, tmp_path_factory):
    """All of them and some honest neighbours, in one batch: (tier, results, folder of the results)."""
    folder = tmp_path_factory.mktemp("submissions")
    out = tmp_path_factory.mktemp("out")
    for number in range(NEIGHBOURS):
        write(course, Case(f"honest_{number}", answer=REFERENCE), folder)
    for case in CASES:
        if request.param in case.tiers:
            write(course, case, folder)
    before = leftovers()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiers, "choose", lambda isolation: request.param)
        totals = grade_batch([folder], out, Options(cell_timeout=3, time_limit=60, jobs=3))
    results = {result.learner: result for result in stored_results(out)}
    return request.param, results, out, totals, leftovers() - before


def test_the_batch_is_graded_and_its_neighbours_keep_their_points(graded):
    _, results, _, totals, _ = graded
    assert (totals.failed, totals.rejected) == (0, 0)
    honest = [results[f"honest_{number}"] for number in range(NEIGHBOURS)]
    assert [(result.score, result.notes) for result in honest] == [(FULL, [])] * NEIGHBOURS


def test_nothing_stays_on_disk_or_running(graded):
    _, _, _, _, left = graded
    assert left == set()
    commands = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in descendants(os.getpid())[1:]]
    kernels = [command for command in commands if b"labs.grading.kernels.forkserver" in command]
    judges = [command for command in commands if b"labs.grading.judges.preload" in command]
    assert (len(kernels), len(judges)) == (1, 1)  # the two from which others are forked


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_hostile_notebook_gets_its_due(graded, case):
    tier, results, out, _, _ = graded
    if tier not in case.tiers:
        pytest.skip(f"not promised by {tier}")
    result = results[case.name]
    told = "\n".join([*result.notes, *(f"{verdict.check}: {verdict.cause}" for verdict in result.report.verdicts)])
    assert not case.score or result.score in case.score, told
    assert re.search(case.says, told), told
    executed = nbformat.read(out / "submissions" / case.name / "executed.ipynb", as_version=4)
    printed = "".join(
        output.get("text", "") + output.get("ename", "")
        for cell in executed.cells
        for output in cell.get("outputs", [])
    )
    assert re.search(case.output, printed), printed[-2000:]
    page = (out / "submissions" / case.name / "feedback.html").read_text()
    assert "<script>alert" not in page
    assert "onerror=alert" not in page or "&lt;img" in page
