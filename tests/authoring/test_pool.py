"""Jobs in processes of their own: each has a deadline, and none outlives an interrupt."""

from __future__ import annotations

import subprocess
import time

import pytest

from labs.authoring import pool
from labs.authoring.assemble import assemble
from labs.authoring.pool import Job
from labs.authoring.worker_messages import RunChecks, ServedFrom, Service

pytestmark = pytest.mark.slow

HANGS = {
    "waits": "def double(number: int):\n    pass\n\n\nimport time\n\ntime.sleep(600)",
    "holds the interpreter": "import re\n\nre.match('(a+)+$', 'a' * 60 + 'b')",  # no other thread gets to run
}


@pytest.fixture
def job(lesson, tiny_lab):
    """Makes a job that runs the tiny lab's checks over these sources."""

    def make(sources, deadline=60.0):
        services = tuple(Service(source) for source in sources)
        order = RunChecks(str(tiny_lab.folder), lesson, services, ServedFrom.RUNNER, deadline=deadline)
        return Job("job", order, lambda job: None)

    return make


@pytest.mark.parametrize("body", HANGS.values(), ids=HANGS)
def test_a_run_has_a_deadline(monkeypatch, worker, lesson, body, job):
    monkeypatch.setattr(pool, "SLACK", 1.0)
    sources = [assemble(lesson), assemble(lesson, {"double": body}), assemble(lesson)]
    worker.do(job([]))
    started = time.monotonic()
    result = worker.do(job(sources, deadline=2.0))

    assert time.monotonic() - started < 8
    assert result.late
    assert len(result.runs) == 1
    assert worker.do(job(sources[:1])).runs[0].reports


def test_an_interrupted_verify_leaves_no_process(monkeypatch, lesson, job):
    started = []
    start = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: started.append(start(*a, **k)) or started[-1])
    jobs = [job([assemble(lesson)]) for _ in range(4)]

    def interrupt(job):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pool.run_jobs(jobs, 2, interrupt)
    assert len(started) >= 1
    assert all(process.poll() is not None for process in started)
