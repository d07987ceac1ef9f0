"""How strictly a machine isolates changes no score."""

from __future__ import annotations

import pytest

from labs.grading.isolation import tiers
from labs.grading.isolation.sandbox import TIERS
from tests.grading.conftest import statuses


@pytest.mark.slow
@pytest.mark.parametrize("how", [*TIERS, "stock"])
def test_every_tier_and_the_stock_engine_give_the_same_score(submit, tmp_path, monkeypatch, how, right, grade):
    if how != "stock" and (problem := tiers.explore().problems.get(how)):
        pytest.skip(f"not to be had here: {problem}")
    monkeypatch.setattr("labs.grading.isolation.tiers.choose", lambda isolation: how)
    result = grade(submit(greet=right["greet"]), tmp_path / "out", fork=how != "stock")
    assert statuses(result) == ["passed", "passed", "not started"], result.notes
    assert result.isolation == (how if how != "stock" else "limits")
