"""What was expected beside what came, with the difference marked."""

from __future__ import annotations

import json
import time

from labs.views.difference import aligned, difference, pretty


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


def test_a_description_beside_a_value_is_not_marked_all_over():
    expected, got = difference('a record with "message": "user_created"', json.dumps({f"key{n}": n for n in range(20)}))
    assert "<mark>" not in expected + got
    assert all("<mark>" in side for side in difference("201 Created", "200 OK"))
