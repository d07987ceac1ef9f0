"""Request and response: what `service.get("/users?page=2")` shows a learner in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labs.views.difference import pretty
from labs.views.markup import clean, clip, count, escape, inline, style
from labs.views.transcript import LINE, Message, code, tone

if TYPE_CHECKING:
    from labs.judge.verdict import Exchange

__all__ = ["ExchangeView"]

BODY = 6_000  # characters of a body: a learner looks at one exchange at a time
# Executed notebooks are committed and nbval compares them: a port, a clock and a library's version stay out.
CHANGING = frozenset({"date", "host", "user-agent"})


class ExchangeView:
    """One HTTP exchange, pretty in a notebook and readable as text. Equal exchanges give equal output."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange

    def html(self) -> str:
        """Request line and status, bodies laid out, headers folded."""
        request, response = self._messages()
        line, status = _short(request), _short(response) or "No response"
        verb, space, target = line.partition(" ")
        both = bool(request.body and response.body)
        sent = f'<code><b class="lp-verb">{escape(verb)}</b>{space}{escape(target)}</code>'
        pill = f'<span class="lp-state lp-{tone(response.start)}">{escape(status)}</span>'
        parts = [
            f'<div class="lp-head">{sent}{pill}</div>',
            _body(request, "Sent", both),
            f'<p class="lp-problem">{inline(self.exchange.problem)}</p>' if self.exchange.problem else "",
            _body(response, "Answered", both),
            _headers(request, "Request headers"),
            _headers(response, "Response headers"),
        ]
        label = escape(f"{line}: {status}")
        return (
            f"<style>{style()}</style>"
            f'<div class="lab-panel lp-exchange" role="group" aria-label="{label}">{"".join(parts)}</div>'
        )

    def as_text(self) -> str:
        """The exchange as on the wire, without the headers that change with every run."""
        request, response = self._messages()
        blocks = [_short(request), _body_text(request), _short(response) or "No response"]
        blocks += [self.exchange.problem, "\n".join(response.lines)]
        return "\n".join(clean(block) for block in [*blocks, _body_text(response)] if block)

    def _messages(self) -> tuple[Message, Message]:
        request, response = Message.parse(self.exchange.request), Message.parse(self.exchange.response)
        return request.without(CHANGING), response.without(CHANGING)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """What IPython asks for when the exchange is displayed."""
        return {"text/html": self.html(), "text/plain": self.as_text()}

    def __repr__(self) -> str:
        return self.as_text()


def _short(message: Message) -> str:
    line, left = clip(message.start.removesuffix(" HTTP/1.1"), LINE)
    return line + ("…" if left else "")


def _body(message: Message, label: str, labelled: bool) -> str:
    """A body, with its label when there are two to tell apart."""
    if not message.body:
        return ""
    title = f'<div class="lp-label">{label}</div>' if labelled else ""
    return f'<div class="lp-payload">{title}<pre>{code(pretty(message.body), BODY)}</pre></div>'


def _body_text(message: Message) -> str:
    head, left = clip(pretty(message.body), BODY)
    return head + (f" … {count(left, 'more character')}" if left else "")


def _headers(message: Message, title: str) -> str:
    if not message.headers:
        return ""
    lines = "\n".join(f'<span class="lp-header">{escape(line)}</span>' for line in message.lines)
    summary = f"<summary>{title} <small>{len(message.headers)}</small></summary>"
    return f'<details class="lp-fold">{summary}<pre>{lines}</pre></details>'
