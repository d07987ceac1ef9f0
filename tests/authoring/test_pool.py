"""Jobs in processes of their own: each has a deadline, and none outlives an interrupt."""

from __future__ import annotations

import subprocess
import time

import pytest

from labs.authoring import pool
from labs.authoring.assemble import assemble
from labs.authoring.pool import Job

HANGS = {
    "waits": "def double(number: int):\n    pass\n\n\nimport time\n\ntime.sleep(600)",
    "holds the interpreter": "import re\n\nre.match('(a+)+$', 'a' * 60 + 'b')",  # no other thread gets to run
}


@pytest.mark.parametrize("body", HANGS.values(), ids=HANGS)
def test_a_run_has_a_deadline(monkeypatch, worker, lesson, body, tiny_lab):
    monkeypatch.setattr(pool, "SLACK", 1.0)
    sources = [assemble(lesson), assemble(lesson, {"double": body}), assemble(lesson)]
    order = {"do": "judge", "folder": str(tiny_lab.folder), "lesson": lesson.to_json(), "host": "runner", "times": 1}
    worker.do(Job("warm", {**order, "sources": []}))
    started = time.monotonic()
    result = worker.do(Job("hangs", {**order, "sources": sources}, deadline=2.0))

    assert time.monotonic() - started < 8
    assert result["late"]
    assert len(result["runs"]) == 1
    assert worker.do(Job("next", {**order, "sources": sources[:1]}))["runs"][0]["reports"]


def test_an_interrupted_verify_leaves_no_process(monkeypatch, lesson, tiny_lab):
    started = []
    start = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: started.append(start(*a, **k)) or started[-1])
    order = {"do": "judge", "folder": str(tiny_lab.folder), "lesson": lesson.to_json(), "host": "runner", "times": 1}
    jobs = [Job(str(number), {**order, "sources": [assemble(lesson)]}) for number in range(4)]

    def interrupt(job):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pool.run_jobs(jobs, 2, interrupt)
    assert len(started) >= 1
    assert all(process.poll() is not None for process in started)
