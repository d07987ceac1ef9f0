"""What the pages say holds: links lead somewhere, and results.md explains every field of a line as it is written."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from labs.grading.result import Outcome, Result
from labs.judge.verdict import Call, Exchange, Report, Status, Verdict

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted(ROOT.glob("docs/*.md"))
RESULTS = (ROOT / "docs" / "results.md").read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("kind", [Result, Report, Verdict, Exchange, Call], ids=lambda kind: kind.__name__)
def test_every_field_of_a_result_is_explained(kind):
    named = set(re.findall(r"`(\w+)`", RESULTS.replace("```", "")))

    assert {field.name for field in fields(kind)} <= named


@pytest.mark.parametrize("value", [*Outcome, *(status for status in Status if status is not Status.RUNNING)])
def test_every_outcome_and_status_is_explained(value):
    assert f"`{value}`" in RESULTS


def test_the_line_that_is_shown_is_one():
    [line] = re.findall(r"```json\n(.*?)```", RESULTS, re.DOTALL)
    shown = json.loads(line)
    result = Result.from_dict(shown)

    assert list(shown) == [field.name for field in fields(Result)]
    assert (result.score, result.points) == (1, 2)
