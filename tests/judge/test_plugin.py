"""Which checks run, and which of them are not started or wait for others."""

from __future__ import annotations

from labs.judge.run import run_checks

from .conftest import demo_app, statuses, unfinished


def test_what_is_not_written_yet_is_not_started_and_so_is_what_builds_on_it(runners, demo_lab):
    report = run_checks(demo_lab, runners(demo_app(greet=unfinished)))
    assert statuses(report) == ["not started", "not started", "passed"]
    assert [verdict.unfinished for verdict in report.verdicts] == ["unfinished", "unfinished", ""]

    def create_app():
        raise NotImplementedError

    report = run_checks(demo_lab, runners(create_app))
    assert statuses(report) == ["not started"] * 3
    assert {verdict.unfinished for verdict in report.verdicts} == {create_app.__qualname__.rpartition("<locals>.")[2]}


def test_only_chooses_an_exercise_or_a_check(runners, demo_lab):
    runner = runners(demo_app())
    assert [v.check for v in run_checks(demo_lab, runner, only="greet").verdicts] == [
        "test_greeting_names_the_caller",
        "test_greeting_is_logged",
    ]
    alone = run_checks(demo_lab, runner, only="test_greeting_is_logged")
    assert statuses(alone) == ["passed"]
    nothing = run_checks(demo_lab, runner, only="greeet")
    assert (nothing.verdicts, nothing.problem) == ([], "'greeet' is neither an exercise nor a check of this lab.")


def test_a_check_alone_and_with_those_before_it(demo_lab, runners):
    runner = runners(demo_app(greet=lambda name: {}))
    alone = run_checks(demo_lab, runner, only="test_greeting_is_logged")
    assert [(verdict.check, verdict.status) for verdict in alone.verdicts] == [("test_greeting_is_logged", "failed")]
    with_earlier = run_checks(demo_lab, runner, only="test_greeting_is_logged", and_earlier=True)
    assert [verdict.check for verdict in with_earlier.verdicts] == [
        "test_greeting_names_the_caller",
        "test_greeting_is_logged",
    ]
    assert statuses(with_earlier) == ["failed", "waiting"]
