"""A batch: the same command goes on after any end, judges nothing twice, and gives the same score every time."""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell

import labs.course.catalog
from labs.cli import main
from labs.course.catalog import NOTEBOOKS, PATTERNS, ROOT
from labs.errors import UserError
from labs.grading.batch import Options, Totals, _count, _progress, grade_batch, stored_results
from labs.grading.isolation.limits import descendants
from labs.grading.isolation.sandbox import Tier
from labs.grading.job import Job
from labs.grading.judges.pool import Pool
from labs.grading.kernels.start import Forkserver
from labs.grading.result import Result

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="batches are graded on Linux")
SOLVED = ROOT / "solutions" / "00_start_here.ipynb"
UNTOUCHED = NOTEBOOKS / "00_start_here.ipynb"


@pytest.fixture
def folders(tmp_path):
    (tmp_path / "in").mkdir()
    return tmp_path / "in", tmp_path / "out"


def hand_in(folder, name, *, source=SOLVED, cell=""):
    notebook = nbformat.read(source, as_version=4)
    if cell:
        notebook.cells.insert(1, new_code_cell(cell))
    nbformat.write(notebook, folder / f"{name}.ipynb")


def scores(out):
    return {result.learner: (result.score, result.points) for result in stored_results(out)}


def start(submissions, out, **options):
    """`labs grade` in a process of its own."""
    command = [sys.executable, "-m", "labs.cli", "grade", str(submissions), "--out", str(out), "--jobs", "1"]
    return subprocess.Popen(
        [*command, "--cell-timeout", "60"], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options
    )


def judging(running, number):
    """Whether the judge of the submission with this number has begun."""
    return any(Path(tempfile.gettempdir()).glob(f"labs-grade-{running.pid}-*/{number}"))


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


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_at_once_and_the_same_command_goes_on(folders, wait_until, how):
    submissions, out = folders
    hand_in(submissions, "ada")
    hand_in(submissions, "bob", cell="while True: pass")
    running = start(submissions, out)
    result = out / "submissions" / "ada" / "result.json"
    wait_until(lambda: result.exists() and judging(running, 2), 60)
    asked = time.monotonic()
    running.send_signal(how)
    _, said = running.communicate(timeout=30)
    took = time.monotonic() - asked
    assert running.returncode == 130
    assert "Stopped. What was judged is kept: the same command goes on from there." in said
    assert "Traceback" not in said
    assert took < 5, took  # a second on a machine that has nothing else to do
    assert list(Path(tempfile.gettempdir()).glob(f"labs-*-{running.pid}-*")) == []
    kept = result.stat().st_mtime
    (submissions / "bob.ipynb").unlink()
    totals = grade_batch([submissions], out, Options())
    assert (totals.judged, totals.kept) == (1, 1)
    assert result.stat().st_mtime == kept


def test_a_killed_run_leaves_nothing_running_and_is_taken_up(folders, wait_until):
    submissions, out = folders
    hand_in(submissions, "ada")
    hand_in(submissions, "bob", cell="import time; time.sleep(5)")
    running = start(submissions, out)
    wait_until(lambda: (out / "submissions" / "ada" / "result.json").exists() and judging(running, 2), 60)
    family = descendants(running.pid)
    assert len(family) >= 4  # the batch, the two from which others are forked, a judge
    running.kill()
    running.communicate()
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in family), 30)
    assert grade_batch([submissions], out, Options()).kept == 1
    assert scores(out) == {"ada": (2, 2), "bob": (2, 2)}
    ours = list(Path(tempfile.gettempdir()).glob(f"labs-grade-{running.pid}-*"))
    assert ours == []


def test_a_judge_ends_with_its_batch_whatever_it_is_doing(wait_until):
    code = (
        "import multiprocessing\n"
        "from labs.grading.judges.judging import _end_with_parent\n"
        "judge = multiprocessing.get_context('forkserver').Process(target=_end_with_parent)\n"
        "judge.start()\n"
        "print(judge.pid, flush=True)\n"
        "judge.join()\n"
    )
    batch = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    judge = Path("/proc") / batch.stdout.readline().strip()
    assert judge.exists()
    batch.kill()
    batch.wait()
    batch.stdout.close()
    wait_until(lambda: not judge.exists())


def test_what_was_kept_says_nothing_about_the_time_that_is_left(capsys):
    bar = _progress(1_000)
    for _ in range(300):
        _count(Totals(), bar, Result("ada", "ada", "ada.ipynb"), earlier=True)
    assert bar.n == 300
    assert "300/1000 [" in str(bar) and "?submission/s" in str(bar)
    bar.close()


def test_two_runs_do_not_write_the_same_folder(folders, wait_until):
    submissions, out = folders
    hand_in(submissions, "bob", cell="import time; time.sleep(30)")
    running = start(submissions, out)
    try:
        wait_until(lambda: judging(running, 1), 60)
        with pytest.raises(UserError, match=r"Another `labs grade` is writing to .*: wait for it\."):
            grade_batch([submissions], out, Options())
    finally:
        running.kill()
        running.communicate()


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


def test_a_kernel_of_the_stock_engine_works_in_a_folder_of_its_own_whatever_the_machine_gives():
    notebook = nbformat.read(SOLVED, as_version=4)
    notebook.cells.insert(1, new_code_cell("import os\nprint(os.getcwd())"))
    content = nbformat.writes(notebook).encode()
    pool = Pool(1)
    try:
        [judged] = pool.judge([Job("ada", "ada", "ada.ipynb", content, "", tier=Tier.NAMESPACES, fork=False)])
    finally:
        pool.close()
    assert (judged.result.score, judged.result.isolation) == (2, Tier.LIMITS)
    assert "/labs-grade-" in nbformat.reads(judged.executed, as_version=4).cells[1].outputs[0].text


def test_too_long_a_path_for_sockets_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("x" * 60)))
    with pytest.raises(UserError, match="too long a path for temporary files: set TMPDIR to a shorter one"):
        Forkserver()


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

    monkeypatch.setattr("labs.grading.batch.write_submission", full)
    assert main(["grade", str(submissions), "--out", str(out)]) == 1
    assert "labs: Stopped: No space left on device. What was judged is kept" in capsys.readouterr().err


def test_a_report_that_can_not_be_replaced_is_a_sentence(folders, capsys):
    submissions, out = folders
    hand_in(submissions, "ada")
    (out / "summary.html").mkdir(parents=True)
    assert main(["grade", str(submissions), "--out", str(out)]) == 1
    said = capsys.readouterr().err
    assert re.search(r"labs: Stopped: Is a directory \(.*summary\.html.*\)\. What was judged is kept", said), said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
def test_an_output_that_takes_nothing_is_a_sentence():
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "labs.cli", "doctor"]
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (1, "labs: No space left on device\n")


@pytest.mark.parametrize("processes", [2, 3, 4])  # it has found out what the machine gives, and starts the warm ones
def test_ctrl_c_while_it_gets_ready_is_no_traceback(folders, wait_until, processes):
    submissions, out = folders
    hand_in(submissions, "ada")
    running = start(submissions, out, process_group=0)
    wait_until(lambda: len(descendants(running.pid)) >= processes, 60)
    asked = time.monotonic()
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does
    said, complained = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Traceback" not in said + complained
    assert "Stopped. What was judged is kept" in complained
    assert time.monotonic() - asked < 5  # what it had started to import is not waited for


def test_a_notebook_that_could_not_be_started_has_no_score(folders, monkeypatch):
    submissions, out = folders
    hand_in(submissions, "ada")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(path := str(submissions.parent / "s"))
    listener.listen()

    def hang_up():
        with contextlib.suppress(OSError):
            while True:
                listener.accept()[0].close()

    threading.Thread(target=hang_up, daemon=True).start()
    monkeypatch.setattr("labs.grading.judges.pool.shared_forkserver", lambda: SimpleNamespace(path=path))
    assert grade_batch([submissions], out, Options()).failed == 1
    (result,) = stored_results(out)
    assert result.report is None
    assert re.match(r"Its notebook could not be started \(.*\)\. Run the same command again\.", result.sentence)
