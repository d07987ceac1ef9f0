"""The panel of exercises and checks: what it says, and that nothing a service sends gets out of hand."""

from __future__ import annotations

import copy
import time

import pytest

from labs.judge.verdict import Exchange, Report, Status
from labs.views.looks import LOOKS
from labs.views.markup import clean, style
from labs.views.panel import Panel

from .conftest import EXERCISES, HOSTILE, HUGE, MEGABYTES, Outline, assert_harmless, failing, hostile, verdict


def test_every_status_has_icon_word_and_mark() -> None:
    assert set(LOOKS) == set(Status)
    assert len({look.word for look in LOOKS.values()}) == len({look.drawing for look in LOOKS.values()}) == len(Status)
    for status in Status:
        panel = Panel(Report("lab", "Title", [verdict("one", status)]))
        row = panel.html().partition("<li")[2]
        assert f"lp-icon lp-{status.name.lower()}" in row
        assert LOOKS[status].word in row
        assert LOOKS[status].mark in panel.text()


def test_a_failure_says_expected_got_cause_and_where_to_read() -> None:
    html = Panel(failing(), EXERCISES, eyebrow="Lab 07 · 45 min").html()
    words = assert_harmless(html).words
    for part in (
        *("Lab 07 · 45 min", "2 checks failing", "1 of 4", "Passed in 14 ms", "for “Title of second”"),
        *("Expected", "Got", "Likely cause", "HTTP transcript", "POST /orders → 201 Created", "Log lines"),
        *("Calls to backing services", "Hint 1", 'Stuck? lab.hint("replay") shows hint 2 of 3'),
    ):
        assert part in words, part
    assert "<mark>ord_1</mark>" in html
    assert "<mark>ord_2</mark>" in html
    assert html.count("<mark>") == 8  # two statuses of two words, two ids, two flags; not the order of the keys
    assert '<a href="#Look-before-you-write">' in html
    assert html.count('<details class="lp-check" open>') == 1, "only the first failure is unfolded"
    assert "The body was not compared." in html.partition("lp-brief")[2], "the folded one still says why"


def test_not_started_invites_and_is_never_red() -> None:
    verdicts = [verdict("one", Status.NOT_STARTED, unfinished="create_app")]
    verdicts.append(verdict("two", Status.NOT_STARTED, "replay", unfinished="lookup"))
    html = Panel(Report("lab", "Title", verdicts), EXERCISES).html().partition("</style>")[2]
    assert "Start here." in html
    assert html.count("Start here.") == 1
    assert "Write <code>create_app</code> in the cell of" in html
    assert "Write <code>lookup</code>" in html
    assert 'href="#Exercise-1:-create"' in html
    assert "lp-failed" not in html
    assert "Failed" not in html


def test_a_broken_check_is_our_fault() -> None:
    panel = Panel(Report("lab", "Title", [verdict("one", Status.BROKEN, cause="`KeyError`")]))
    assert "our mistake, not yours" in panel.html()
    assert "our mistake, not yours" in panel.text()
    assert "1 check broken" in panel.html()
    assert "lp-failed" not in panel.html().partition("</style>")[2]


def test_a_problem_is_shown_even_without_checks() -> None:
    panel = Panel(Report("lab", "Title", problem="`create_app` is not a factory: it is a dict * _x_."))
    assert "it is a dict * _x_." in assert_harmless(panel.html()).words
    assert "problem: `create_app` is not a factory" in panel.text()
    assert "Could not run" in panel.text()


def test_all_passed_celebrates_and_says_what_next() -> None:
    report = Report("lab", "Title", [verdict("one", Status.PASSED, seconds=0.5)])
    panel = Panel(report, footer="Next: [lab 8](https://example.org/8).")
    assert "All checks pass" in panel.html()
    assert '<a href="https://example.org/8">lab 8</a>' in panel.html()
    assert "Next: lab 8." in panel.text()
    report.verdicts.append(verdict("two", Status.NOT_RUN))
    assert "Next" not in panel.html()
    assert "1 to go" in panel.html()


def test_output_is_the_same_after_every_run_unless_something_failed() -> None:
    report = Report("lab", "Title", [verdict("one", Status.PASSED, seconds=0.014), verdict("two", Status.NOT_RUN)])
    again = copy.deepcopy(report)
    again.seed, again.seconds, again.verdicts[0].seconds = "other", 9.0, 0.2
    assert Panel(report, EXERCISES).html() == Panel(again, EXERCISES).html()
    assert Panel(report, EXERCISES).text() == Panel(again, EXERCISES).text()
    again.verdicts[1].status = Status.FAILED
    assert "Passed in 200 ms" in Outline(Panel(again).html()).words
    assert "in 200 ms" in Panel(again).text()


def test_the_panel_follows_its_report() -> None:
    report = Report("lab", "Title", [verdict("one", Status.RUNNING)])
    panel = Panel(report)
    assert "Checking…" in panel.html()
    assert "lp-spin" in panel.html()
    report.verdicts[0] = verdict("one", Status.PASSED)
    assert "All checks pass" in panel.html()


def test_text_form() -> None:
    text = Panel(failing(), EXERCISES, eyebrow="Lab 07 · 45 min").text()
    assert text.startswith("Lab 07 · 45 min\nMake order creation idempotent: 1 of 4 checks pass (2 checks failing)\n")
    for line in (
        "  [ok]   Title of first in 14 ms",
        "  [FAIL] Title of second",
        "         expected:  200 OK",
        '                    {"id": "ord_1", "replayed": true}',
        "         got:       201 Created",
        "         cause:     It never looked up the `Idempotency-Key` header. See RFC.",
        "         read:      Look before you write",
        "         http:      POST /orders → 201 Created",
        '  [ -- ] Title of fourth (waiting for "Title of second")',
        "         hint 1:    Look before you write.",
        '         stuck?:    lab.hint("replay") shows hint 2 of 3',
    ):
        assert line in text.split("\n"), line
    bundle = Panel(failing())._repr_mimebundle_()
    assert list(bundle) == ["text/html", "text/plain"]


@pytest.mark.slow
@pytest.mark.parametrize("text", [HOSTILE, MEGABYTES, "[" * 5_000_000, '\\"' * 500_000, "\n" * 100_000, "", " "])
def test_whatever_a_service_sends_stays_text_and_stays_bounded(text: str) -> None:
    panel = Panel(hostile(text), EXERCISES)
    assert_harmless(panel.html())
    plain_text = panel.text()
    plain_text.encode("utf-8")
    assert "\x1b" not in plain_text
    assert max(map(len, plain_text.split("\n"))) <= 110
    assert len(plain_text) < 40_000


def test_control_characters_are_made_visible() -> None:
    words = assert_harmless(Panel(hostile(HOSTILE)).html()).words
    assert "␛[31mred" in words
    assert r"\u202eabc" in words
    assert r"\ud800" in words
    assert clean("a\r\nb\rc\td") == "a\nb␍c\td"


@pytest.mark.parametrize("body", HUGE)
def test_five_megabytes_render_quickly_and_small(body: str) -> None:
    exchanges = (Exchange("GET /big HTTP/1.1\r\n\r\n", f"HTTP/1.1 200 OK\r\n\r\n{body}"),) * 3
    failed = verdict("one", Status.FAILED, expected=body, got=body + "x", exchanges=exchanges, records=(body,) * 100)
    panel = Panel(Report("lab", "Title", [failed]))
    style()  # read once in the life of a kernel
    started = time.perf_counter()
    html = panel.html()
    assert time.perf_counter() - started < 0.2
    assert len(html) < 200_000
    assert "more characters" in html
