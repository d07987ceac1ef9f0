"""What has to come out of each run for a lab to be proven."""

from __future__ import annotations

import pytest

from labs.authoring import rules
from labs.judge.verdict import Report, Status, Verdict


def verdict(check, status, exercise="greet", **fields):
    return Verdict(check, f"title of {check}", exercise, status=status, **fields)


def judged(rule, *verdicts, **options):
    return [sentence for _, sentence in rule(Report("tiny", "Tiny", list(verdicts)), **options)]


NOT_STARTED, WAITING, PASSED, FAILED = Status.NOT_STARTED, Status.WAITING, Status.PASSED, Status.FAILED


@pytest.mark.parametrize("status", [s for s in Status if s is not PASSED])
def test_passing_is_the_only_way_to_pass(status):
    assert len(judged(rules.must_pass, verdict("a", status), verdict("b", PASSED))) == 1


@pytest.mark.parametrize("status", [s for s in Status if s not in (NOT_STARTED, WAITING)])
def test_a_starter_is_not_started_and_nothing_else(status):
    assert len(judged(rules.must_not_start, verdict("a", NOT_STARTED), verdict("b", status), first="greet")) == 1


def test_a_later_check_may_wait_for_one_that_is_not_started():
    first, later = verdict("a", NOT_STARTED), verdict("b", WAITING, "double", waits_for="title of a")

    assert judged(rules.must_not_start, first, later, first="greet") == []
    assert len(judged(rules.must_not_start, first, verdict("b", WAITING, waits_for="title of a"), first="greet")) == 1
    assert len(judged(rules.must_not_start, first, verdict("b", WAITING, "double", waits_for="x"), first="greet")) == 1


@pytest.mark.parametrize("status", list(Status))
def test_the_rest_of_the_ladder_must_not_look_wrong(status):
    found = judged(rules.must_pass_so_far, verdict("a", PASSED), verdict("b", status, "double"), solved=["greet"])

    assert bool(found) is (status in (FAILED, Status.BROKEN))


def test_causes_are_compared_without_case_backticks_and_line_breaks():
    told = verdict("a", FAILED, cause="The `REDIS_URL` is\n  typed in.")

    assert judged(rules.must_fail, told, check="a", cause="the redis_url is TYPED in") == []
    assert len(judged(rules.must_fail, told, check="a", cause="is read")) == 1
