"""`lab.check_all()`: one service by every lab's checks, a line for each lab."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from fastapi import FastAPI

import labs.lab
from labs.course.catalog import Pattern
from labs.judge.verdict import Report, Status, Verdict
from labs.lab import Lab
from labs.views.summary import shortcomings, standing

HERE = Path(__file__).parent


def passing(lab, monkeypatch, capsys, factory):
    """What `check_all` prints for a course of two labs and this factory."""
    labs_of_the_course = [Pattern(HERE / "labs" / "tiny"), Pattern(HERE / "labs" / "demo")]
    monkeypatch.setattr(labs.lab, "find_patterns", lambda: labs_of_the_course)
    monkeypatch.setattr(labs.lab, "_user_namespace", lambda: {"create_app": factory} if factory else {})
    capsys.readouterr()
    lab.check_all()
    return capsys.readouterr().out.splitlines()


@pytest.fixture
def lab():
    return Lab(Pattern(HERE / "labs" / "tiny"))


def unfinished():
    raise NotImplementedError


def test_a_service_that_is_not_written_is_not_started_in_every_lab(lab, monkeypatch, capsys):
    lines = passing(lab, monkeypatch, capsys, unfinished)
    assert [line.split("  ")[-1].strip() for line in lines] == ["not started", "not started: unfinished"] * 2


def test_every_lab_has_a_line_and_what_fails_says_why(lab, monkeypatch, capsys):
    seen = []

    def empty():
        seen.append(set(os.environ) & {"DATABASE_URL", "REDIS_URL", "DOWNSTREAM_URL"})
        return FastAPI()

    lines = passing(lab, monkeypatch, capsys, empty)
    heads = [line for line in lines if not line.startswith(" ")]
    assert len(heads) == 2
    assert all(" of " in head and head.endswith("checks pass") for head in heads)
    assert any(line.startswith("    failed: ") for line in lines)
    assert seen and all(names == {"DATABASE_URL", "REDIS_URL", "DOWNSTREAM_URL"} for names in seen)


def test_without_a_service_a_sentence_says_what_to_do(lab, monkeypatch, capsys):
    assert passing(lab, monkeypatch, capsys, None)[0].startswith("There is no `create_app` yet")


def test_nothing_of_it_is_kept_as_progress(lab, monkeypatch, capsys):
    before = lab._progress.lab(lab.pattern.name).passed
    passing(lab, monkeypatch, capsys, FastAPI)
    assert lab._progress.lab(lab.pattern.name).passed == before


def test_the_lines_of_a_report():
    report = Report("demo", "Demo", [Verdict("test_a", "A", status=Status.PASSED)])
    assert (standing(report), list(shortcomings(report))) == ("1 of 1 checks pass", [])
    report.verdicts += [
        Verdict("test_b", "B", status=Status.FAILED, cause="Because\nof this."),
        Verdict("test_c", "C", status=Status.WAITING, waits_for="B"),
    ]
    assert standing(report) == "1 of 3 checks pass"
    assert list(shortcomings(report)) == ["failed: B. Because of this.", "1 check waiting for others"]
    assert standing(Report("demo", "Demo", problem="No.")) == "could not be checked"
    assert list(shortcomings(Report("demo", "Demo", problem="No."))) == ["No."]


def test_it_is_left_out_where_nobody_watches(lab, monkeypatch, capsys):
    monkeypatch.setattr(labs.lab, "get_ipython", lambda: object())
    monkeypatch.setattr(labs.lab, "somebody_watches", lambda: False)
    assert "nobody watches" in passing(lab, monkeypatch, capsys, FastAPI)[0]
