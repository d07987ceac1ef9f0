"""The judge: from a running service to verdicts with their evidence."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sqlite3
import sys
import threading
from pathlib import Path

import pytest
import redis.asyncio
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from labs.course.catalog import Pattern
from labs.judge.run import list_checks, run_checks
from labs.judge.verdict import Report, Status
from labs.service import Incident, IncidentKind, LogStream

DEMO = Pattern(Path(__file__).parents[1] / "labs" / "demo")


def demo_app(greet=None, count=None):
    """A factory of the demo's service with other answers to its exercises."""

    def right_greeting(name):
        print(f"greeted {name}")
        return {"message": f"hello {name}", "service": os.environ["SERVICE_NAME"]}

    async def right_count(client):
        return await client.incr("visits")

    def create_app():
        app = FastAPI()
        client = redis.asyncio.from_url(os.environ["REDIS_URL"])

        @app.get("/hello/{name}")
        def hello(name):
            return (greet or right_greeting)(name)

        @app.post("/visits")
        async def visit():
            return await (count or right_count)(client)

        return app

    return create_app


@pytest.fixture
def lab(tmp_path, write_checks):
    """Makes a lab of these checks of the exercise greet, with the demo's lesson. To pytest, all have one module name."""
    made = []

    def make(source):
        folder = tmp_path / str(len(made)) / "labs" / "patterns" / "made"
        folder.mkdir(parents=True)
        made.append(folder)
        shutil.copy(DEMO.folder / "lesson.md", folder)
        return write_checks(folder, greet=source)

    return make


def statuses(report):
    return [verdict.status.value for verdict in report.verdicts]


# Statuses and evidence


def test_a_right_service_passes_and_listing_runs_nothing(runners):
    report = run_checks(DEMO, runners(demo_app()))
    assert report.passed
    assert (report.score, report.points, report.problem) == (6, 6, "")
    listed = list_checks(DEMO)
    assert statuses(listed) == ["not run"] * 3
    assert [(v.check, v.title, v.exercise, v.level, v.points, v.read) for v in listed.verdicts] == [
        ("test_greeting_names_the_caller", "The greeting names the caller", "greet", "easy", 1, "Exercise 1: Greet"),
        ("test_greeting_is_logged", "A greeting leaves a line in the log", "greet", "medium", 2, "Exercise 1: Greet"),
        ("test_visits_are_counted_in_redis", "Visits are counted in Redis, also across a restart", "count", "hard", 3,
         "Exercise 2: Count"),
    ]  # fmt: skip


def test_a_wrong_answer_fails_with_its_evidence_and_others_wait(runners):
    heard = []
    wrong = demo_app(greet=lambda name: print("greeting") or {"message": f"hello {name}", "service": "typed in"})
    report = run_checks(DEMO, runners(wrong), listener=lambda verdict: heard.append((verdict.check, verdict.status)))
    assert statuses(report) == ["failed", "waiting", "passed"]
    failed, waiting, _ = report.verdicts
    assert failed.cause == "The name is the one in the path, the service's is in the environment."
    assert json.loads(failed.got)["service"] == "typed in"
    assert json.loads(failed.expected)["service"].startswith("orders-")
    assert failed.read == "Exercise 1: Greet"
    (exchange,) = failed.exchanges
    assert exchange.request.startswith("GET /hello/")
    assert exchange.response.startswith("200 OK\n")
    assert "greeting" in failed.records
    assert waiting.waits_for == "The greeting names the caller"
    assert (report.score, report.passed) == (3, False)
    assert heard[:2] == [(failed.check, Status.RUNNING), (failed.check, Status.FAILED)] or len(heard) == 6


def test_calls_to_backing_services_are_evidence(runners):
    async def in_memory(client, visits=[]):  # noqa: B006
        await client.set("visits", "many")
        visits.append(1)
        return len(visits) + 1

    verdict = run_checks(DEMO, runners(demo_app(count=in_memory)), only="count").verdicts[0]
    assert (verdict.status, json.loads(verdict.got), json.loads(verdict.expected)) == (
        "failed",
        [2, 3, 4],
        [1, 2, 3],
    )
    assert ("cache", "SET visits many") in [(call.to, call.request) for call in verdict.calls]


def test_an_error_of_the_service_names_what_it_raised(runners):
    def broken(name):
        raise KeyError("SERVICE")

    verdict = run_checks(DEMO, runners(demo_app(greet=broken)), only="greet").verdicts[0]
    assert verdict.status is Status.FAILED
    assert verdict.cause == "The route has to answer 200. The log says `KeyError: 'SERVICE'`."
    assert "KeyError: 'SERVICE'" in verdict.records


def test_an_answer_that_breaks_off_names_what_was_raised(runners):
    def half(name):
        def parts():
            yield '{"message": '
            raise KeyError(name)

        return StreamingResponse(parts())

    verdict = run_checks(DEMO, runners(demo_app(greet=half)), only="greet").verdicts[0]
    assert verdict.status is Status.FAILED
    assert "broke off" in verdict.cause
    assert "The log says `KeyError: '" in verdict.cause


def unfinished(name):
    raise NotImplementedError


def test_what_is_not_written_yet_is_not_started_and_so_is_what_builds_on_it(runners):
    report = run_checks(DEMO, runners(demo_app(greet=unfinished)))
    assert statuses(report) == ["not started", "not started", "passed"]
    assert [verdict.unfinished for verdict in report.verdicts] == ["unfinished", "unfinished", ""]

    def create_app():
        raise NotImplementedError

    report = run_checks(DEMO, runners(create_app))
    assert statuses(report) == ["not started"] * 3
    assert {verdict.unfinished for verdict in report.verdicts} == {create_app.__qualname__.rpartition("<locals>.")[2]}


def test_a_later_exercise_that_is_not_written_excuses_no_earlier_one(runners):
    def lets_through(name):
        async def count(client):  # as exercise 2 calls it
            raise NotImplementedError

        return asyncio.run(count(None))

    def lets_through_a_cell_that_has_not_run(name):
        return count(name)  # noqa: F821

    for greet in (lets_through, lets_through_a_cell_that_has_not_run):
        verdict = run_checks(DEMO, runners(demo_app(greet=greet)), only="greet").verdicts[0]
        assert (verdict.status, verdict.unfinished) == (Status.FAILED, "")
        assert verdict.cause.endswith(" The request came as far as `count`, which a later exercise writes.")

    async def greet(client):  # an earlier exercise, in the way of a later one
        raise NotImplementedError

    verdict = run_checks(DEMO, runners(demo_app(count=greet)), only="count").verdicts[0]
    assert (verdict.status, verdict.unfinished) == (Status.NOT_STARTED, "greet")


def test_only_chooses_an_exercise_or_a_check(runners):
    runner = runners(demo_app())
    assert [v.check for v in run_checks(DEMO, runner, only="greet").verdicts] == [
        "test_greeting_names_the_caller",
        "test_greeting_is_logged",
    ]
    alone = run_checks(DEMO, runner, only="test_greeting_is_logged")
    assert statuses(alone) == ["passed"]
    nothing = run_checks(DEMO, runner, only="greeet")
    assert (nothing.verdicts, nothing.problem) == ([], "'greeet' names no exercise and no check of this lab.")


def test_facts_are_fresh_unless_the_seed_is_given(runners):
    runner = runners(demo_app(greet=lambda name: {}))
    runs = [
        run_checks(DEMO, runner, seed=seed, only=only) for seed, only in (("", ""), ("", ""), ("s", ""), ("s", "greet"))
    ]
    expected = [run.verdicts[0].expected for run in runs]
    assert expected[0] != expected[1]
    assert expected[2] == expected[3]
    assert runs[2].seed == "s"
    again = run_checks(DEMO, runner, seed=runs[0].seed)
    assert again.verdicts[0].expected == expected[0]


def test_a_service_that_does_not_start_is_said_once(runners):
    def create_app():
        raise ValueError("no configuration")

    report = run_checks(DEMO, runners(create_app))
    assert report.problem == "The service did not start. Calling the factory raised ValueError: no configuration"
    assert statuses(report) == ["not run"] * 3
    assert not report.passed


def test_a_start_that_fails_in_a_changed_environment_is_that_checks_failure(runners, lab):
    def create_app():
        if os.environ["APP_VERSION"] == "bad":
            raise ValueError("bad version")
        return FastAPI()

    pattern = lab("""
def test_changed(service):
    service.start(APP_VERSION="bad")

def test_refuses(service):
    assert "bad version" in service.refuse_to_start(APP_VERSION="bad")

def test_starts(service):
    service.start()
    assert service.refuse_to_start() == ""
""")
    report = run_checks(pattern, runners(create_app))
    assert statuses(report) == ["failed", "passed", "passed"]
    assert report.problem == ""
    assert report.verdicts[0].cause.endswith("Calling the factory raised ValueError: bad version")


def test_whose_mistake_it_is(runners, lab):
    pattern = lab("""
def test_bug(service):
    assert service.get("/list").status == 200
    undefined

def test_typo(service):
    service.get("/list").jsno

def test_misread(service):
    assert service.get("/list").json["user"]["name"] == "Ada"

def test_misread_list(service):
    assert [user["name"] for user in service.get("/list").json["user"]] == ["Ada"]

def test_says_fail(service):
    pytest.fail("the likely cause")

def test_text(service):
    service.get("/text").json

def test_locked(service, database):
    service.get("/lock")
    import sqlite3
    with sqlite3.connect(database.path, timeout=0.01) as connection:
        connection.execute("DELETE FROM users")
""")

    def create_app():
        app = FastAPI()
        kept = []

        @app.get("/list")
        def users():
            return {"user": None}

        @app.get("/text")
        def text():
            raise RuntimeError

        @app.get("/lock")
        def lock():
            kept.append(
                sqlite3.connect(
                    os.environ["DATABASE_URL"].removeprefix("sqlite+aiosqlite:///"), check_same_thread=False
                )
            )
            kept[-1].execute("BEGIN EXCLUSIVE")

        return app

    report = run_checks(pattern, runners(create_app))
    assert statuses(report) == ["broken", "broken", "failed", "failed", "failed", "failed", "failed"]
    bug, typo, misread, _, fails, text, locked = report.verdicts
    assert (
        bug.cause
        == "The check itself broke: NameError: name 'undefined' is not defined. That is our mistake, not yours."
    )
    assert bug.got.endswith("undefined\nNameError: name 'undefined' is not defined\n")
    assert "jsno" in typo.cause
    assert "does not have the shape that the contract gives it" in misread.cause
    assert '{"user":null}' in misread.got
    assert fails.cause == "the likely cause"
    assert "a body that is not JSON" in text.cause
    assert "database is locked" in locked.cause
    assert "keeps a transaction open" in locked.cause


# Interrupts, and the run as a whole


def test_an_interrupt_keeps_what_was_judged(runners):
    async def interrupt(client):
        os.kill(os.getpid(), signal.SIGINT)

    runner = runners(demo_app(count=interrupt))
    report = run_checks(DEMO, runner)
    assert statuses(report) == ["passed", "passed", "not run"]
    runner.factory = demo_app()
    assert run_checks(DEMO, runner).passed


def test_a_report_survives_json(runners):
    report = run_checks(DEMO, runners(demo_app(greet=unfinished, count=lambda client: 1 / 0)))
    assert {*statuses(report)} == {"not started", "failed"}
    copy = Report.from_dict(json.loads(json.dumps(report.to_dict())))
    assert copy == report


def test_two_labs_in_one_process_have_their_own_checks(runners, lab):
    check = 'def test_{}(service):\n    assert service.get("/hello/x").status == 200\n'
    both = [lab(check.format("one")), lab(check.format("two"))]
    runner = runners(demo_app())
    for _ in range(2):
        names = [[verdict.check for verdict in run_checks(pattern, runner).verdicts] for pattern in both]
        assert names == [["test_one"], ["test_two"]]
    assert len(run_checks(DEMO, runner).verdicts) == 3


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


def test_a_run_leaves_no_service_no_thread_and_no_module(runners):
    runner = runners(demo_app())
    run_checks(DEMO, runner)
    path, hooks = sys.path[:], sys.meta_path[:]
    run_checks(DEMO, runner)
    assert {thread.name for thread in threading.enumerate() if thread.name.startswith("labs-")} <= {
        "labs-service",
        "labs-redis",
        "labs-downstream",
    }
    assert (sys.path, sys.meta_path) == (path, hooks)
    assert runner._state is None


class Liar:
    """A host that says what it likes."""

    def __init__(self, url):
        self.url = url
        self.stream = LogStream()
        self.incidents = [Incident(IncidentKind.EXITED, "The process is gone.")]

    def start(self, env):
        return self.url

    def stop(self):
        pass


def test_incidents_come_first_in_the_cause():
    verdict = run_checks(DEMO, Liar("http://127.0.0.1:9"), only="greet").verdicts[0]
    assert verdict.cause.startswith("The process is gone. `GET /hello/")
    assert "The connection was refused: no service is listening." in verdict.cause
