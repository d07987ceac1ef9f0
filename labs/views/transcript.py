"""What went over the wire during a check, as HTML: HTTP exchanges, log lines, calls to backing services."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

from labs.views.difference import pretty
from labs.views.markup import clip, count, cut, escape, inline, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from labs.judge.verdict import Call, Exchange

__all__ = ["Message", "calls", "code", "exchanges", "logs", "summary", "tone"]

# Characters and entries shown; what a check needs to say fits in them, and a page of failures stays light.
LINE, HEAD, BODY, RECORD, CALL = 300, 3_000, 3_000, 800, 400
EXCHANGES, RECORDS, CALLS = 6, 30, 20

_RENAMED = {
    "Request Entity Too Large": "Content Too Large",
    "Request-URI Too Long": "URI Too Long",
    "Requested Range Not Satisfiable": "Range Not Satisfiable",
    "Unprocessable Entity": "Unprocessable Content",
}
_Item = TypeVar("_Item")

KEY = re.compile(r'("(?:[^"\\\n]|\\.)*")(?=\s*:)')


@dataclass(frozen=True, slots=True)
class Message:
    """An HTTP request or response taken apart."""

    start: str  # the request line, or the status line without its protocol
    headers: tuple[tuple[str, str], ...]
    body: str

    @classmethod
    def parse(cls, text: str) -> Message:
        """A message as on the wire, with either kind of line end; never fails, whatever it is given."""
        head, body = text, ""
        blank = re.search(r"\r?\n\r?\n", text)
        if blank:
            head, body = text[: blank.start()], text[blank.end() :]
        head, left = clip(head, HEAD)
        start, _, rest = head.replace("\r\n", "\n").partition("\n")
        parts = (line.partition(":") for line in rest.split("\n") if line)
        headers = tuple((name, value.strip()) for name, _, value in parts)
        return cls(_status_line(start), headers + (((cut(left), ""),) if left else ()), body)

    @property
    def lines(self) -> tuple[str, ...]:
        """The headers as they are written."""
        return tuple(f"{name}: {value}" if value else name for name, value in self.headers)

    def without(self, names: Collection[str]) -> Message:
        """The message without the headers of these lower-case names."""
        kept = tuple((name, value) for name, value in self.headers if name.lower() not in names)
        return Message(self.start, kept, self.body)

    @property
    def word(self) -> str:
        """The start line without the protocol, short enough for a summary."""
        head, left = clip(self.start.removesuffix(" HTTP/1.1"), 80)
        return head + ("…" if left else "")


def _status_line(start: str) -> str:
    """`HTTP/1.1 404` becomes `404 Not Found`; a request line stays as it is.

    The phrases are those of RFC 9110. Servers take them from Python, where four had older names until 3.12.
    """
    found = re.fullmatch(r"(?:HTTP/[\d.]+ )?(\d{3})(?: (.*))?", start)
    if not found:
        return start
    known = {status.value: status.phrase for status in HTTPStatus}
    phrase = found[2] or known.get(int(found[1]), "")
    return f"{found[1]} {_RENAMED.get(phrase, phrase)}".rstrip()


def tone(start: str) -> str:
    """The colour of a response's first line, by the name of a check's status. The words of the line say it, too."""
    answered = re.match(r"[2345]\d\d\b", start)
    tones = {"2": "passed", "3": "running", "4": "broken", "5": "failed"}
    return tones[start[0]] if answered else "not_run"


def code(text: str, limit: int) -> str:
    """HTML of a body or a log line: JSON keys set apart, long text cut."""
    head, left = clip(text, limit)
    parts = KEY.split(head)
    keys = (f'<span class="lp-key">{escape(p)}</span>' if i % 2 else escape(p) for i, p in enumerate(parts))
    return "".join(keys) + (f'<span class="lp-cut">{cut(left)}</span>' if left else "")


def summary(exchange: Exchange) -> str:
    """One line of text: `POST /orders → 201 Created`."""
    request = Message.parse(exchange.request)
    response = Message.parse(exchange.response).word if exchange.response else "no response"
    return f"{request.word} → {response}"


def exchanges(items: Sequence[Exchange]) -> str:
    """The HTTP transcript, folded."""
    if not items:
        return ""
    many = f"{count(len(items), 'exchange')}, last " if len(items) > 1 else ""
    short = many + summary(items[-1])
    return _folded("HTTP transcript", short, _last(items, EXCHANGES, "exchange", _exchange))


def _exchange(exchange: Exchange) -> str:
    response = f"<pre>{_message(exchange.response)}</pre>" if exchange.response else ""
    problem = f'<p class="lp-problem">{inline(exchange.problem)}</p>' if exchange.problem else ""
    request = f"<pre>{_message(exchange.request)}</pre>"
    return f'<div class="lp-wire">{request}{response}{problem}</div>'


def _message(text: str) -> str:
    message = Message.parse(text)
    head, left = clip(message.start, LINE)
    first, space, rest = head.partition(" ")
    kind = f" lp-{tone(head)}" if first.isdigit() else ""
    start = f'<b class="lp-verb{kind}">{escape(first)}</b>{space}{escape(rest)}{" …" if left else ""}'
    headers = "".join(f'\n<span class="lp-header">{escape(line)}</span>' for line in message.lines)
    body = f"\n\n{code(pretty(message.body), BODY)}" if message.body else ""
    return start + headers + body


def logs(records: Sequence[str]) -> str:
    """The log lines, folded; raw, because their exact text is often the point."""
    lines = _last(records, RECORDS, "line", lambda record: f"<li>{code(record, RECORD)}</li>", tag="ol")
    return _folded("Log lines", count(len(records), "line"), lines) if records else ""


def calls(items: Sequence[Call]) -> str:
    """The calls to backing services, folded."""
    lines = _last(items, CALLS, "call", _call, tag="ol")
    return _folded("Calls to backing services", count(len(items), "call"), lines) if items else ""


def _call(call: Call) -> str:
    response = f'<span class="lp-answer">→ {shown(call.response, CALL)}</span>' if call.response else ""
    to = f'<b class="lp-verb">{escape(clip(call.to, 40)[0])}</b>'
    return f"<li>{to} {shown(call.request, CALL)} {response}</li>"


def _last(items: Sequence[_Item], limit: int, noun: str, render: Callable[[_Item], str], tag: str = "div") -> str:
    """The last few items, since a check fails at its end, with a note of how many came before."""
    early = len(items) - limit
    note = f'<p class="lp-cut">… {count(early, f"earlier {noun}")}</p>' if early > 0 else ""
    return f'{note}<{tag} class="lp-lines">{"".join(render(item) for item in items[-limit:])}</{tag}>'


def _folded(title: str, short: str, body: str) -> str:
    return (
        f'<details class="lp-fold"><summary>{title} <small>{shown(short, 200)}</small></summary>'
        f'<div class="lp-evidence" tabindex="0" role="group" aria-label="{title}">{body}</div></details>'
    )
