"""One run of a lab's checks: from a running service to a report, and what can come in between."""

from __future__ import annotations

import os
import signal
import sys
import threading

from labs.judge.run import list_checks, run_checks

from .conftest import demo_app, statuses


def test_a_right_service_passes_and_listing_runs_nothing(runners, demo_lab):
    report = run_checks(demo_lab, runners(demo_app()))
    assert report.passed
    assert (report.score, report.points, report.problem) == (6, 6, "")
    listed = list_checks(demo_lab)
    assert statuses(listed) == ["not run"] * 3
    assert [(v.check, v.title, v.exercise, v.level, v.points, v.read) for v in listed.verdicts] == [
        ("test_greeting_names_the_caller", "The greeting names the caller", "greet", "easy", 1, "Exercise 1: Greet"),
        ("test_greeting_is_logged", "A greeting leaves a line in the log", "greet", "medium", 2, "Exercise 1: Greet"),
        ("test_visits_are_counted_in_redis", "Visits are counted in Redis, also across a restart", "count", "hard", 3,
         "Exercise 2: Count"),
    ]  # fmt: skip


def test_facts_are_fresh_unless_the_seed_is_given(runners, demo_lab):
    runner = runners(demo_app(greet=lambda name: {}))
    runs = [
        run_checks(demo_lab, runner, seed=seed, only=only)
        for seed, only in (("", ""), ("", ""), ("s", ""), ("s", "greet"))
    ]
    expected = [run.verdicts[0].expected for run in runs]
    assert expected[0] != expected[1]
    assert expected[2] == expected[3]
    assert runs[2].seed == "s"
    again = run_checks(demo_lab, runner, seed=runs[0].seed)
    assert again.verdicts[0].expected == expected[0]


def test_a_service_that_does_not_start_is_said_once(runners, demo_lab):
    def create_app():
        raise ValueError("no configuration")

    report = run_checks(demo_lab, runners(create_app))
    assert report.problem == "The service did not start. Calling the factory raised ValueError: no configuration"
    assert statuses(report) == ["not run"] * 3
    assert not report.passed


def test_an_interrupt_keeps_what_was_judged(runners, demo_lab):
    async def interrupt(client):
        os.kill(os.getpid(), signal.SIGINT)

    runner = runners(demo_app(count=interrupt))
    report = run_checks(demo_lab, runner)
    assert statuses(report) == ["passed", "passed", "not run"]
    runner.factory = demo_app()
    assert run_checks(demo_lab, runner).passed


def test_two_labs_in_one_process_have_their_own_checks(runners, lab, demo_lab):
    check = 'def test_{}(service):\n    assert service.get("/hello/x").status == 200\n'
    both = [lab(check.format("one")), lab(check.format("two"))]
    runner = runners(demo_app())
    for _ in range(2):
        names = [[verdict.check for verdict in run_checks(pattern, runner).verdicts] for pattern in both]
        assert names == [["test_one"], ["test_two"]]
    assert len(run_checks(demo_lab, runner).verdicts) == 3


def test_checks_that_can_not_be_read_are_a_sentence(runners, lab):
    pattern = lab("def test_broken(:\n")
    report = run_checks(pattern, runners(demo_app()))
    assert (
        report.problem
        == f"The checks in {pattern.checks_folder} could not be read: run pytest on that folder to see why."
    )


def test_a_lab_without_checks_is_a_sentence(runners, lab):
    pattern = lab("")
    (pattern.checks_folder / "greet.py").unlink()
    report = run_checks(pattern, runners(demo_app()))
    assert (
        report.problem
        == f"There are no checks in {pattern.checks_folder}: each exercise has a module there that bears its name."
    )


def test_other_peoples_pytest_settings_are_left_out(runners, lab, monkeypatch):
    pattern = lab("""
def test_one(service):
    assert service.get("/hello/x").status == 200
""")
    (pattern.folder / "conftest.py").write_text("raise RuntimeError")
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    assert run_checks(pattern, runners(demo_app())).passed
    assert os.environ["PYTEST_ADDOPTS"] == "--no-such-option"


def test_a_run_leaves_no_service_no_thread_and_no_module(runners, demo_lab):
    runner = runners(demo_app())
    run_checks(demo_lab, runner)
    path, hooks = sys.path[:], sys.meta_path[:]
    run_checks(demo_lab, runner)
    assert {thread.name for thread in threading.enumerate() if thread.name.startswith("labs-")} <= {
        "labs-service",
        "labs-redis",
        "labs-downstream",
    }
    assert (sys.path, sys.meta_path) == (path, hooks)
    assert runner._state is None
