"""Reports and words to show, and a reader that notices what gets out of hand."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from labs.judge.verdict import Call, Exchange, Report, Status, Verdict
from labs.views.panel import ExerciseView

HOSTILE = (
    "<script>alert(1)</script></style></pre></details><img src=x onerror=alert(1)> \"'&amp;`"
    "[a](javascript:alert(1)) ![b](http://evil.example/b.png) <!-- ]]> "
    "\x1b[31mred\x1b[0m \x00\x07\x85 \u202eabc \ud800"
)
MEGABYTES = '<&"\x1b' * 1_300_000  # five of them, and every character needs escaping
HUGE = [MEGABYTES, "x" * 5_000_000, '{"a": [' + '"b", ' * 1_000_000 + "0]}", "[" * 5_000_000]
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
