"""Markdown, titles and anchors: what a service or a lesson says becomes HTML that can do nothing."""

from __future__ import annotations

import re

from labs.views.markup import anchor, inline, markdown, plain


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
