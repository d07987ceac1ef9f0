"""A check that fails says what was expected, what came, and the likely cause; and whose mistake it is."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3

from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from labs.judge.run import run_checks
from labs.judge.verdict import Status
from labs.service import Incident, IncidentKind, LogStream

from .conftest import demo_app, statuses


def test_a_wrong_answer_fails_with_its_evidence_and_others_wait(runners, demo_lab):
    heard = []
    wrong = demo_app(greet=lambda name: print("greeting") or {"message": f"hello {name}", "service": "typed in"})
    report = run_checks(
        demo_lab, runners(wrong), listener=lambda verdict: heard.append((verdict.check, verdict.status))
    )
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


def test_calls_to_backing_services_are_evidence(runners, demo_lab):
    async def in_memory(client, visits=[]):  # noqa: B006
        await client.set("visits", "many")
        visits.append(1)
        return len(visits) + 1

    verdict = run_checks(demo_lab, runners(demo_app(count=in_memory)), only="count").verdicts[0]
    assert (verdict.status, json.loads(verdict.got), json.loads(verdict.expected)) == (
        "failed",
        [2, 3, 4],
        [1, 2, 3],
    )
    assert ("cache", "SET visits many") in [(call.to, call.request) for call in verdict.calls]


def test_an_error_of_the_service_names_what_it_raised(runners, demo_lab):
    def broken(name):
        raise KeyError("SERVICE")

    verdict = run_checks(demo_lab, runners(demo_app(greet=broken)), only="greet").verdicts[0]
    assert verdict.status is Status.FAILED
    assert verdict.cause == "The route has to answer 200. The log says `KeyError: 'SERVICE'`."
    assert "KeyError: 'SERVICE'" in verdict.records


def test_an_answer_that_breaks_off_names_what_was_raised(runners, demo_lab):
    def half(name):
        def parts():
            yield '{"message": '
            raise KeyError(name)

        return StreamingResponse(parts())

    verdict = run_checks(demo_lab, runners(demo_app(greet=half)), only="greet").verdicts[0]
    assert verdict.status is Status.FAILED
    assert "broke off" in verdict.cause
    assert "The log says `KeyError: '" in verdict.cause


def test_a_later_exercise_that_is_not_written_excuses_no_earlier_one(runners, demo_lab):
    def lets_through(name):
        async def count(client):  # as exercise 2 calls it
            raise NotImplementedError

        return asyncio.run(count(None))

    def lets_through_a_cell_that_has_not_run(name):
        return count(name)  # noqa: F821

    for greet in (lets_through, lets_through_a_cell_that_has_not_run):
        verdict = run_checks(demo_lab, runners(demo_app(greet=greet)), only="greet").verdicts[0]
        assert (verdict.status, verdict.unfinished) == (Status.FAILED, "")
        assert verdict.cause.endswith(" The request came as far as `count`, which a later exercise writes.")

    async def greet(client):  # an earlier exercise, in the way of a later one
        raise NotImplementedError

    verdict = run_checks(demo_lab, runners(demo_app(count=greet)), only="count").verdicts[0]
    assert (verdict.status, verdict.unfinished) == (Status.NOT_STARTED, "greet")


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


def test_incidents_come_first_in_the_cause(demo_lab):
    verdict = run_checks(demo_lab, Liar("http://127.0.0.1:9"), only="greet").verdicts[0]
    assert verdict.cause.startswith("The process is gone. `GET /hello/")
    assert "The connection was refused: no service is listening." in verdict.cause
