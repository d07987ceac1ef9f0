"""The problems that `labs verify` found: each once, as soon as it comes up."""

from __future__ import annotations

from labs.authoring import verify as verifying
from labs.authoring.pool import Job
from labs.authoring.problems import Problems
from labs.authoring.worker_messages import InspectChecks


def test_a_problem_that_comes_and_goes_is_counted(tmp_path):
    problems = Problems(tmp_path, 3)
    for seed in ("1a", "2b"):
        problems.at(tmp_path / "x.py", f"test_a is failed (seed {seed})", key="test_a failed", run=True)

    assert problems.lines() == ["", "1 problem:", "x.py: test_a is failed (seed 1a) [2 of 3 times]"]


def test_a_problem_is_told_when_it_comes_up(tmp_path):
    problems = Problems(tmp_path, 3)
    lines = []
    progress = verifying._Progress(3, problems, lines.append)
    for sentence in ("a", "a", "b"):
        progress.step(Job("tiny", InspectChecks("", None, 60.0), lambda _, said=sentence: problems.say(said, run=True)))

    assert lines == ["! a", "! b"]
