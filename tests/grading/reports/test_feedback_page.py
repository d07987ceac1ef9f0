"""The grader's feedback page: complete, self-contained and safe to open."""

from __future__ import annotations

import base64
import hashlib
import re

from labs.grading.reports.feedback_page import feedback_page
from labs.judge.verdict import Exchange, Report, Status, Verdict
from labs.views.panel import ExerciseView

from .conftest import Parsed

EXERCISES = (
    ExerciseView("create", "Create an order", "easy", (), 3),
    ExerciseView("replay", "Answer a repeated request", "medium", ("One.",), 3),
)


def graded(words: str = "plain words") -> Report:
    exchange = Exchange(f"GET /{words} HTTP/1.1\r\n\r\n", f"HTTP/1.1 500\r\nx: {words}\r\n\r\n{words}", words)
    evidence = {
        "cause": words,
        "expected": words,
        "got": words + "!",
        "exchanges": (exchange,),
        "records": (words,),
    }
    return Report(
        "idempotency",
        "Idempotency",
        [
            Verdict("a", "First check", "create", points=2, status=Status.PASSED, seconds=0.01),
            Verdict("b", "Second check", "replay", points=3, status=Status.FAILED, read="Look first", **evidence),
            Verdict("c", "Third check", "replay", points=1, status=Status.FAILED, read="Look first", **evidence),
            Verdict("d", "Fourth check", "replay", points=1, status=Status.NOT_STARTED, unfinished="lookup"),
        ],
        seed="ab12",
    )


def page(report: Report, lines: tuple[str, ...] = ("Exercise `replay` was not attempted.",)) -> str:
    return feedback_page(report, EXERCISES, title="Lab 07", lines=lines)


def test_it_says_score_failures_reading_and_hints_left() -> None:
    html = page(graded())
    words = Parsed(html).words
    for part in (
        "2 of 7 points",
        "1 of 4 checks",
        "Exercise replay was not attempted.",
        "Likely cause plain words",
        "HTTP transcript GET /plain words → 500 Internal Server Error",
        "Answer a repeated request: 2 hints left",
        "Create an order easy 1 of 1",
        "labs check idempotency --app module:factory --seed ab12",
    ):
        assert part in words, part
    assert html.count('<details class="lp-check" open>') == 2, "every failure is unfolded"
    assert html.count("<li>Look first</li>") == 1, "a heading is named once"
    assert "Create an order: " not in words, "a passed exercise needs no hints"


def test_it_stands_alone_and_its_policy_allows_only_its_own_style() -> None:
    html = page(graded())
    assert html.startswith('<!doctype html>\n<html lang="en">')
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in html
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style
    assert html.count("<style>") == 1
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'" in html
    assert not re.search(r"<script|<link|<img|\ssrc=|\sstyle=|url\(|@import", html)
    assert page(graded()) == html, "the same report makes the same page"


def test_hostile_words_stay_words() -> None:
    hostile = "</style></title><script>alert(1)</script><img src=x onerror=a> \x1b[31m \ud800 \"' [x](javascript:a)"
    html = feedback_page(graded(hostile), EXERCISES, title=hostile, lines=[hostile])
    html.encode("utf-8")
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert html.count("</style>") == html.count("</title>") == 1
    assert "\x1b" not in html
    assert "␛[31m" in html


def test_it_is_bounded() -> None:
    html = feedback_page(graded("<&" * 2_500_000), EXERCISES, title="x" * 10_000_000, lines=["y" * 10_000_000] * 3)
    assert len(html) < 300_000


def test_a_run_that_did_not_take_place() -> None:
    html = page(Report("idempotency", "Idempotency", problem="The notebook holds no `create_app`."), lines=())
    words = Parsed(html).words
    assert "Could not run" in words
    assert "The notebook holds no <code>create_app</code>." in html
    assert "<h2>" not in html
