"""A batch: the same command judges only what is new, and gives the same score every time."""

from __future__ import annotations

import errno
import itertools
import json
import os
import re
import shutil
import sys

import nbformat
import pytest

import labs.course.catalog
from labs.cli import main
from labs.course.catalog import PATTERNS
from labs.errors import UserError
from labs.grading.batch import Options, Totals, _count, _progress, grade_batch, stored_results
from labs.grading.result import Result

from .conftest import SOLVED, UNTOUCHED, hand_in, scores

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="batches are graded on Linux")


@pytest.mark.slow
def test_a_second_run_judges_only_what_is_new(folders):
    submissions, out = folders
    hand_in(submissions, "ada")
    hand_in(submissions, "bob", source=UNTOUCHED)
    first = grade_batch([submissions], out, Options())
    assert (first.judged, first.kept) == (2, 0)
    assert scores(out) == {"ada": (2, 2), "bob": (0, 2)}
    kept = (out / "submissions" / "ada" / "result.json").stat()
    hand_in(submissions, "bob")
    hand_in(submissions, "cy")
    second = grade_batch([submissions], out, Options())
    assert (second.judged, second.kept) == (3, 1)
    assert scores(out) == {"ada": (2, 2), "bob": (2, 2), "cy": (2, 2)}
    assert (out / "submissions" / "ada" / "result.json").stat() == kept


@pytest.mark.slow
def test_another_release_is_judged_again(folders, tmp_path, monkeypatch):
    submissions, out = folders
    hand_in(submissions, "ada")
    shutil.copytree(PATTERNS / "start_here", tmp_path / "patterns" / "start_here")
    monkeypatch.setattr(labs.course.catalog, "PATTERNS", tmp_path / "patterns")
    assert grade_batch([submissions], out, Options()).kept == 0
    assert grade_batch([submissions], out, Options()).kept == 1
    with (tmp_path / "patterns" / "start_here" / "checks" / "about.py").open("a") as checks:
        checks.write("\n\n# mended\n")
    labs.grading.release.release_of.cache_clear()
    assert grade_batch([submissions], out, Options()).kept == 0


def test_what_is_gone_is_gone_from_the_results(folders):
    submissions, out = folders
    hand_in(submissions, "ada")
    hand_in(submissions, "bob")
    grade_batch([submissions], out, Options())
    (submissions / "bob.ipynb").unlink()
    grade_batch([submissions], out, Options())
    assert set(scores(out)) == {"ada"}


def test_of_two_notebooks_of_one_learner_the_later_one_counts(folders):
    submissions, out = folders
    (submissions / "ada" / "start_here").mkdir(parents=True)
    hand_in(submissions / "ada", "00_start_here", source=UNTOUCHED)
    hand_in(submissions / "ada" / "start_here", "00_start_here")
    os.utime(submissions / "ada" / "00_start_here.ipynb", (1, 1))
    grade_batch([submissions], out, Options())
    found = {bool(result.superseded): (result.learner, result.score) for result in stored_results(out)}
    assert found == {True: ("ada", 0), False: ("ada", 2)}
    assert len((out / "grades.csv").read_text().splitlines()) == 2
    os.utime(submissions / "ada" / "start_here" / "00_start_here.ipynb", (0, 0))  # now the other one is the later
    grade_batch([submissions], out, Options())
    found = {bool(result.superseded): result.score for result in stored_results(out)}
    assert found == {True: 2, False: 0}


@pytest.mark.slow
def test_the_same_notebook_gets_the_same_score_every_time(folders):
    submissions, out = folders
    for number in range(20):
        hand_in(submissions, f"learner-{number:02d}", source=SOLVED if number % 2 else UNTOUCHED)
    grade_batch([submissions], out, Options(jobs=3))
    results = list(stored_results(out))
    assert len(results) == 20
    for parity, score in ((0, 0), (1, 2)):
        alike = [result for number, result in enumerate(results) if number % 2 == parity]
        assert {result.score for result in alike} == {score}
        assert len({tuple(verdict.status for verdict in result.report.verdicts) for result in alike}) == 1
        assert len({result.answers for result in alike}) == 1


def test_the_next_one_gets_ready_and_waits_for_its_turn(folders):
    submissions, out = folders
    for number in range(4):
        hand_in(submissions, f"learner{number}")
    grade_batch([submissions], out, Options(jobs=1))
    turns = []
    for path in out.glob("submissions/*/executed.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        about = notebook.metadata.papermill
        cells = [cell.metadata.papermill for cell in notebook.cells if cell.cell_type == "code"]
        ran = [(cell.start_time, cell.end_time) for cell in cells if cell.get("start_time")]
        turns.append((about.start_time, ran[0][0], about.end_time))
    turns.sort(key=lambda turn: turn[1])  # the first two get ready at once, and the second may be the faster
    for (_, _, ended), (ready, began, _) in itertools.pairwise(turns):
        assert ready < ended, "it got ready while the one before was at work"
        assert ended <= began, "its cells were run after that"


def test_what_was_kept_says_nothing_about_the_time_that_is_left(capsys):
    bar = _progress(1_000)
    for _ in range(300):
        _count(Totals(), bar, Result("ada", "ada", "ada.ipynb"), earlier=True)
    assert bar.n == 300
    assert "300/1000 [" in str(bar) and "?submission/s" in str(bar)
    bar.close()


def test_extra_cells_their_order_and_output_change_nothing(folders):
    submissions, out = folders
    noisy = "import sys, logging, warnings\nprint('x', file=sys.stderr)\nlogging.error('x')\nwarnings.warn('x')\n1 / 0"
    hand_in(submissions, "plain")
    hand_in(submissions, "noisy", cell=noisy)
    notebook = nbformat.read(SOLVED, as_version=4)
    notebook.cells = [notebook.cells[0], *reversed(notebook.cells[1:])]
    nbformat.write(notebook, submissions / "reversed.ipynb")
    grade_batch([submissions], out, Options())
    assert set(scores(out).values()) == {(2, 2)}


def test_bad_input_is_one_line_in_the_report_and_the_batch_goes_on(folders):
    submissions, out = folders
    hand_in(submissions, "ada")
    (submissions / "broken.ipynb").write_text('{"cells": [')
    (submissions / "essay.txt").write_text("Dear teacher,")
    os.mkfifo(submissions / "pipe.ipynb")
    totals = grade_batch([submissions], out, Options())
    assert (totals.judged, totals.rejected, totals.failed) == (1, 3, 0)
    lines = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    assert sorted(line["outcome"] for line in lines) == ["judged", "rejected", "rejected", "rejected"]


def test_lupa_is_refused(folders, monkeypatch):
    submissions, out = folders
    hand_in(submissions, "ada")
    (submissions.parent / "lupa.py").write_text("")
    monkeypatch.syspath_prepend(submissions.parent)
    with pytest.raises(UserError, match="The package lupa is installed"):
        grade_batch([submissions], out, Options())


def test_results_do_not_take_the_place_of_submissions(folders):
    submissions, _ = folders
    for given, out in ((submissions, submissions), (submissions / "submissions", submissions)):
        given.mkdir(exist_ok=True)
        hand_in(given, "ada")
        with pytest.raises(UserError, match="The results would be written among the submissions in "):
            grade_batch([given], out, Options())
    assert sorted(path.name for path in submissions.rglob("*")) == ["ada.ipynb", "ada.ipynb", "submissions"]


def test_a_full_disk_is_a_sentence(folders, monkeypatch, capsys):
    submissions, out = folders
    hand_in(submissions, "ada")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("labs.grading.results_folder.write_submission", full)
    assert main(["grade", str(submissions), "--out", str(out)]) == 1
    assert "labs: Stopped: No space left on device. What was judged is kept" in capsys.readouterr().err


def test_a_report_that_can_not_be_replaced_is_a_sentence(folders, capsys):
    submissions, out = folders
    hand_in(submissions, "ada")
    (out / "summary.html").mkdir(parents=True)
    assert main(["grade", str(submissions), "--out", str(out)]) == 1
    said = capsys.readouterr().err
    assert re.search(r"labs: Stopped: Is a directory \(.*summary\.html.*\)\. What was judged is kept", said), said
