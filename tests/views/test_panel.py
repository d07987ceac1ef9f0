"""The panel and the exchange view: what they say, and that nothing a service sends gets out of hand."""

from __future__ import annotations

import copy
import re
import time
from html.parser import HTMLParser

import pytest

from labs.judge.verdict import Call, Exchange, Report, Status, Verdict
from labs.notebook.live import LivePanel, somebody_watches
from labs.views.exchange import ExchangeView
from labs.views.looks import LOOKS
from labs.views.markup import clean, style
from labs.views.panel import ExerciseView, Panel

HOSTILE = (
    "<script>alert(1)</script></style></pre></details><img src=x onerror=alert(1)> \"'&amp;`"
    "[a](javascript:alert(1)) ![b](http://evil.example/b.png) <!-- ]]> "
    "\x1b[31mred\x1b[0m \x00\x07\x85 \u202eabc \ud800"
)
MEGABYTES = '<&"\x1b' * 1_300_000  # five of them, and every character needs escaping
VOID = {"meta", "circle", "path", "br", "hr"}
TAGS = {
    *("div", "span", "p", "b", "i", "small", "mark", "code", "pre", "a", "ol", "ul", "li", "em", "strong"),
    *(
        "details",
        "summary",
        "style",
        "svg",
        "circle",
        "path",
        "html",
        "head",
        "body",
        "main",
        "meta",
        "title",
    ),
    *("h1", "h2", "blockquote"),
}
EXERCISES = (
    ExerciseView("create", "Create an order", "easy", (), 3, "Exercise 1: create"),
    ExerciseView("replay", "Answer a repeated request", "medium", ("Look *before* you write.",), 3),
)


class Outline(HTMLParser):
    """Reads HTML strictly enough to notice anything that broke out of its place."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.feed(html)
        self.close()
        assert self.open == [], "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, "elements are nested"

    def handle_data(self, data: str) -> None:
        self.words += "" if self.open[-1:] == ["style"] else data


def assert_harmless(html: str) -> Outline:
    """Only our elements and attributes, links that lead nowhere dangerous, and text that can be stored."""
    outline = Outline(html)
    html.encode("utf-8")
    assert set(outline.tags) <= TAGS
    for name, value in outline.attributes:
        assert not name.startswith("on")
        assert name not in ("id", "style", "src", "srcset")
        assert name != "href" or re.match(r"https?://|#", value or "")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", html)
    return outline


def verdict(check: str, status: Status, exercise: str = "create", **more: object) -> Verdict:
    return Verdict(check, f"Title of {check}", exercise, status=status, **more)  # type: ignore[arg-type]


def hostile(text: str) -> Report:
    """A report with the text wherever a service's words may end up."""
    answered = Exchange(f"GET / HTTP/1.1\r\n{text}", f"200\r\na: {text}\r\n\r\n{text}")
    evidence = dict.fromkeys(("cause", "expected", "read", "waits_for", "unfinished"), text) | {
        "got": text + "!",
        "exchanges": (Exchange(text, text, text), answered),
        "records": (text, f'{{"message": "{text}"}}'),
        "calls": (Call(text, text, text),),
    }
    report = Report("lab", "Title", [verdict(str(n), status, **evidence) for n, status in enumerate(Status)])
    report.problem = text
    return report


def failing() -> Report:
    exchange = Exchange(
        'POST /orders HTTP/1.1\r\nhost: x\r\n\r\n{"sku": "TEA"}', 'HTTP/1.1 201 Created\r\n\r\n{"id":"ord_2"}'
    )
    return Report(
        "idempotency",
        "Make order creation idempotent",
        [
            verdict("first", Status.PASSED, seconds=0.014),
            verdict(
                "second",
                Status.FAILED,
                "replay",
                expected='200 OK\n{"id": "ord_1", "replayed": true}',
                got='201 Created\n{"replayed":false,"id":"ord_2"}',
                cause="It never looked up the `Idempotency-Key` header. See [RFC](https://example.org/rfc).",
                read="Look before you write",
                exchanges=(exchange,),
                records=("line one",),
                calls=(Call("cache", "GET idem:1", "(nil)"),),
            ),
            verdict("third", Status.FAILED, "replay", cause="The body was not compared."),
            verdict("fourth", Status.WAITING, "replay", waits_for="Title of second"),
        ],
    )


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


@pytest.mark.parametrize("body", [MEGABYTES, "x" * 5_000_000, '{"a": [' + '"b", ' * 1_000_000 + "0]}", "[" * 5_000_000])
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
    view = ExchangeView(exchanges[0])
    assert len(view.html()) < 60_000
    assert len(view.as_text()) < 10_000


def test_exchange_view() -> None:
    exchange = Exchange(
        "GET /users?page=2 HTTP/1.1\r\nhost: 127.0.0.1:8042\r\nx-client: a\r\n\r\n",
        'HTTP/1.1 404\r\ndate: now\r\ncontent-type: application/json\r\n\r\n{"detail":"no <b>user</b>"}',
    )
    view = ExchangeView(exchange)
    words = assert_harmless(view.html()).words
    assert "404 Not Found" in words
    assert '{"detail": "no <b>user</b>"}' in words
    assert "x-client: a" in words
    changing = [word for word in ("8042", "date: ") if word in view.html() + view.as_text()]
    assert changing == [], "an executed notebook compares equal"
    assert view.as_text() == (
        'GET /users?page=2\n404 Not Found\ncontent-type: application/json\n{"detail": "no <b>user</b>"}'
    )
    silent = ExchangeView(Exchange("GET / HTTP/1.1\r\n\r\n", "", "The service did not answer."))
    assert "No answer" in silent.html()
    assert silent.as_text() == "GET /\nNo answer\nThe service did not answer."
    assert_harmless(ExchangeView(Exchange(HOSTILE, HOSTILE, HOSTILE)).html())


def test_outside_a_notebook_the_panel_is_printed_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert not somebody_watches()
    panel = Panel(failing())
    live = LivePanel(panel)
    live.update()
    assert capsys.readouterr().out == ""
    live.finish()
    assert capsys.readouterr().out == panel.text() + "\n"
