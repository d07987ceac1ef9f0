"""The pool of processes that judge."""

from __future__ import annotations

import contextlib
import re
import socket
import sys
import threading
from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from labs.grading.batch import Options, grade_batch, stored_results
from labs.grading.isolation.sandbox import Tier
from labs.grading.job import Job
from labs.grading.judges.pool import Pool
from tests.grading.conftest import SOLVED, hand_in

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="batches are graded on Linux")


def test_a_kernel_of_the_stock_engine_works_in_a_folder_of_its_own_whatever_the_machine_gives():
    notebook = nbformat.read(SOLVED, as_version=4)
    notebook.cells.insert(1, new_code_cell("import os\nprint(os.getcwd())"))
    content = nbformat.writes(notebook).encode()
    pool = Pool(1)
    try:
        [graded] = pool.grade([Job("ada", "ada", "ada.ipynb", content, "", tier=Tier.NAMESPACES, fork=False)])
    finally:
        pool.close()
    assert (graded.result.score, graded.result.isolation) == (2, Tier.LIMITS)
    assert "/labs-grade-" in nbformat.reads(graded.executed, as_version=4).cells[1].outputs[0].text


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
