"""`lab.check_all()`: one service by every lab's checks, a line for each lab."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from fastapi import FastAPI

import labs.lab
from labs.lab import Lab


@pytest.fixture
def lab(tiny_lab, monkeypatch, tmp_path):
    monkeypatch.setenv("LABS_PROGRESS", str(tmp_path / "progress.json"))
    return Lab(tiny_lab)


@pytest.fixture
def check_all(lab, tiny_lab, demo_lab, monkeypatch, capsys):
    """What `lab.check_all()` prints for a course of two labs and a factory, or none."""

    def lines(factory):
        monkeypatch.setattr(labs.lab, "find_patterns", lambda: [tiny_lab, demo_lab])
        monkeypatch.setattr(labs.lab, "_user_namespace", lambda: {"create_app": factory} if factory else {})
        capsys.readouterr()
        lab.check_all()
        return capsys.readouterr().out.splitlines()

    return lines


def unfinished():
    raise NotImplementedError


def test_a_service_that_is_not_written_is_not_started_in_every_lab(check_all):
    lines = check_all(unfinished)
    assert [line.split("  ")[-1].strip() for line in lines] == ["not started", "not started: unfinished"] * 2


def test_every_lab_has_a_line_and_what_fails_says_why(check_all):
    seen = []

    def empty():
        seen.append(set(os.environ) & {"DATABASE_URL", "REDIS_URL", "DOWNSTREAM_URL"})
        return FastAPI()

    lines = check_all(empty)
    heads = [line for line in lines if not line.startswith(" ")]
    assert len(heads) == 2
    assert all(" of " in head and head.endswith("checks pass") for head in heads)
    assert any(line.startswith("    failed: ") for line in lines)
    assert seen and all(names == {"DATABASE_URL", "REDIS_URL", "DOWNSTREAM_URL"} for names in seen)


def test_without_a_service_a_sentence_says_what_to_do(check_all):
    assert check_all(None)[0].startswith("There is no `create_app` yet")


def test_nothing_of_it_is_kept_as_progress(lab, check_all):
    def right():
        app = FastAPI()
        app.get("/hello/{name}")(lambda name: {"hello": name})
        app.get("/double/{number}")(lambda number: {"number": 2 * int(number)})
        return app

    assert "3 of 3 checks pass" in check_all(right)[0]
    assert lab._progress.labs() == {}
    assert not Path(os.environ["LABS_PROGRESS"]).exists()


def test_it_is_left_out_where_nobody_watches(check_all, monkeypatch):
    monkeypatch.setattr(labs.lab, "get_ipython", lambda: object())
    monkeypatch.setattr(labs.lab, "somebody_watches", lambda: False)
    assert "nobody watches" in check_all(FastAPI)[0]
