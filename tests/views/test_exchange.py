"""One request and its response, as a notebook shows them."""

from __future__ import annotations

import pytest

from labs.judge.verdict import Exchange
from labs.views.exchange import ExchangeView

from .conftest import HOSTILE, HUGE, assert_harmless


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
    assert "No response" in silent.html()
    assert silent.as_text() == "GET /\nNo response\nThe service did not answer."
    assert_harmless(ExchangeView(Exchange(HOSTILE, HOSTILE, HOSTILE)).html())


@pytest.mark.parametrize("body", HUGE)
def test_five_megabytes_render_quickly_and_small(body: str) -> None:
    view = ExchangeView(Exchange("GET /big HTTP/1.1\r\n\r\n", f"HTTP/1.1 200 OK\r\n\r\n{body}"))
    assert len(view.html()) < 60_000
    assert len(view.as_text()) < 10_000
