"""The parts the panel is made of: the marked difference, safe Markdown, anchors and HTTP messages."""

from __future__ import annotations

import json
import re
import time

from labs.views.difference import aligned, difference, pretty
from labs.views.markup import anchor, inline, markdown, plain
from labs.views.transcript import Message


def test_differences_cost_little_at_worst() -> None:
    started = time.perf_counter()
    for left, right in (
        ("a b " * 2_000, "b a " * 2_000),
        ("." * 9_000, "," * 9_000),
        ("1,2;" * 900, "2;1," * 900),
    ):
        difference(left, right)
    assert time.perf_counter() - started < 0.5


def test_a_late_difference_is_shown_and_the_equal_beginning_cut() -> None:
    expected, got = difference("x" * 9_000 + " yes", "x" * 9_000 + " no")
    assert "equal characters" in expected
    assert "<mark>yes</mark>" in expected
    assert "<mark>no</mark>" in got


def test_json_is_compared_by_value_unless_its_form_is_the_difference() -> None:
    assert aligned('{"b":1, "a":2}', '{"a": 2,"b": 3}') == ('{"a": 2, "b": 1}', '{"a": 2, "b": 3}')
    assert aligned('{"a":1}', '{"a": 1}') == ('{"a":1}', '{"a": 1}')
    assert difference("", "x")[0] == '<span class="lp-cut">(nothing)</span>'
    for odd in ('{"a": 1, "a": 2}', '{"a": NaN}', "[1e999]", "[" * 9_000, "{nope"):
        assert pretty(odd) == odd


def test_markdown_is_safe_and_titles_know_only_code() -> None:
    hostile = "<script>alert(1)</script> [a](javascript:alert(1)) ![b](http://evil.example/b.png)"
    good = "[ok](https://example.org) [here](#There) [next](08_caching.ipynb)"
    bad = "[no](data:text/html,x) [f](file:///x.ipynb) [up](../x.ipynb) [r](//evil.example/x.ipynb)"
    html = markdown(f"# Big\n\n{hostile}\n\n{good} {bad}")
    assert "<script" not in html
    assert "<img" not in html
    assert "<h1" not in html
    # An image is no more than a link to it: opening the page loads nothing.
    targets = re.findall(r'<a href="([^"]*)">', html)
    assert targets == ["http://evil.example/b.png", "https://example.org", "#There", "08_caching.ipynb"]
    assert html.count("<a ") == 4
    assert inline("*`GET /a_b`* <b>") == "*<code>GET /a_b</code>* &lt;b&gt;"
    assert plain("**Do** not use *this* `a_b_c` snake_case, [see](https://x.example/y)") == (
        "Do not use this `a_b_c` snake_case, see"
    )


def test_plain_text_leaves_code_as_it_is() -> None:
    for code in ("`<class '__main__.Conflict'>`", "`_id`", "`handlers[kind](request)`", "```python\nf(*a, **b)\n```"):
        assert plain(f"**It** says {code} *here*") == f"It says {code} here"
    assert plain("[`_id`](https://x.example/y), *`a`* and **`b`**") == "`_id`, `a` and `b`"


def test_anchors_are_those_of_jupyterlab() -> None:
    assert anchor("Why `contextvars` (and not globals)?") == "#Why-contextvars-(and-not-globals)%3F"
    assert anchor('"><script>') == "#%22%3E%3Cscript%3E"


def test_messages_are_taken_apart() -> None:
    message = Message.parse("HTTP/1.1 404\r\nX-A: b:c\r\nodd\r\n\r\nbody\r\n\r\nmore")
    assert message == Message("404 Not Found", (("X-A", "b:c"), ("odd", "")), "body\r\n\r\nmore")
    assert Message.parse("") == Message("", (), "")


def test_a_description_beside_a_value_is_not_marked_all_over():
    expected, got = difference('a record with "message": "user_created"', json.dumps({f"key{n}": n for n in range(20)}))
    assert "<mark>" not in expected + got
    assert all("<mark>" in side for side in difference("201 Created", "200 OK"))
