"""The summary page of a batch: right figures, nothing hostile, and the same without its script."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from labs.grading.reports import write_batch, write_submission
from labs.grading.result import Outcome, Result
from labs.judge.verdict import Report, Status, Verdict

from .conftest import Parsed

HOSTILE = '</script></style><script>alert(1)</script><img src=x onerror=a>" onclick="a \x1b \u202e \ud800 `x`'
PAGE = {"html", "head", "meta", "title", "style", "script", "body", "main"}
TEXT = {"div", "h1", "h2", "p", "b", "i", "small", "span", "code", "a", "ul", "ol", "li", "dl", "dt", "dd"}
PARTS = {"table", "caption", "thead", "tbody", "tr", "th", "td", "details", "summary", "button", "input", "label"}
DRAWN = {"svg", "symbol", "use", "rect", "path", "circle"}


def judged(
    name: str, passed: int = 2, *, lab: str = "caching", cause: str = "No expiry on `user:7`.", **more
) -> Result:
    verdicts = [
        Verdict(f"test_{index}", f"Check {index}", "read", status=Status.PASSED if index < passed else Status.FAILED)
        for index in range(4)
    ]
    for verdict in verdicts[passed:]:
        verdict.cause = cause
    settings = {"isolation": "namespaces", "seconds": 1.0, **more}
    return Result(f"{name}-{lab}", name, f"in/{name}", lab=lab, report=Report(lab, lab.title(), verdicts), **settings)


def summary(folder, *results: Result) -> Parsed:
    write_batch(results, folder)
    return Parsed((folder / "summary.html").read_text("utf-8"))


def test_counts_median_and_spread(tmp_path):
    page = summary(
        tmp_path,
        judged("ada", 4),
        judged("bob", 2),
        judged("cy", 0),
        judged("dan", 3, lab="health"),
        Result("eve", "eve", "in/eve", Outcome.REJECTED, "No notebook."),
        Result("fay", "fay", "in/fay", Outcome.FAILED, "The worker ended."),
    )
    head = page.part("Grading summary", "Scores")
    for words in (
        "submissions 6",
        "judged 4",
        "median score 62 %",
        "full marks 1",
        "rejected 1",
        "the grader failed 1",
    ):
        assert words in head
    assert "Isolation: namespaces and seccomp." in head
    spread = page.part("Scores", "Worth a look")
    for words in (
        "1 submission with 0 to 9 per cent",
        "1 submission with full marks",
        "Caching 3 1 50 %",
        "Health 1 0 75 %",
    ):
        assert words in spread
    assert "0 submissions with 10 to 19" in spread


@pytest.mark.parametrize("tiers", [("limits",), ("namespaces", "landlock")])
def test_a_weaker_tier_is_named(tmp_path, tiers):
    page = summary(tmp_path, *(judged(tier, isolation=tier) for tier in tiers))
    assert "labs doctor" in page.words
    assert "resource limits only" in page.words or "Landlock and seccomp (1)" in page.words


def test_the_checks_that_fail_most_come_first_with_their_causes(tmp_path):
    page = summary(
        tmp_path,
        *(judged(f"a{number}", 3, cause=f"No expiry on `user:{number}`.") for number in range(5)),
        *(judged(f"b{number}", 2, cause="Stored and never read.") for number in range(2)),
    )
    failing = page.part("Checks that fail most", "Slowest")
    assert failing.index("Check 3") < failing.index("Check 2")
    assert "7 of 7" in failing
    assert "2 of 7" in failing
    assert "5 times No expiry on user:0 ." in failing, "one cause, whichever names were drawn"
    assert "2 times Stored and never read." in failing


def test_what_deserves_a_look_is_listed_with_its_sentence(tmp_path):
    broken = judged("gil")
    broken.report.verdicts[0].status = Status.BROKEN
    page = summary(
        tmp_path,
        judged("ada", died=2),
        judged("bob", timed_out=1),
        Result("eve", "eve", "in/eve.zip", Outcome.REJECTED, "The archive is a bomb."),
        Result("fay", "fay", "in/fay", Outcome.FAILED, "The worker ended."),
        broken,
    )
    look = page.part("Worth a look", "Checks that fail most")
    for words in (
        "The grader failed 1",
        "fay The worker ended.",
        "Rejected 1",
        "eve The archive is a bomb. in/eve.zip",
        "Checks that broke 1",
        "Check 0 Caching",
        "Crashed 1",
        "ada Caching",
        "Out of time 1",
        "bob Caching",
    ):
        assert words in look
    assert "Identical answers" not in look
    quiet = summary(tmp_path, judged("ada"), judged("bob"))
    assert "none crashed" in quiet.part("Worth a look", "Checks that fail most")


def test_identical_answers_of_different_learners_and_nothing_else(tmp_path):
    untouched = judged("nil", 0, answers="starter")
    for verdict in untouched.report.verdicts:
        verdict.status = Status.NOT_STARTED
    page = summary(
        tmp_path,
        judged("ada", answers="one"),
        judged("bob", answers="one"),
        judged("cy", answers="one", lab="health"),  # another lab
        judged("dan", answers="two"),
        judged("Dan", answers="two"),  # the same learner again
        judged("eve", answers="ours", shipped=True),
        judged("fay", answers="ours", shipped=True),
        untouched,
        judged("gil", 0, answers="starter"),
        judged("hal"),
        judged("ivy"),
        judged("ada", answers="one"),
    )
    look = page.part("Worth a look", "Checks that fail most")
    assert "Identical answers 1 group" in look
    assert "ada, bob Caching, 2 of 4 points" in look
    flagged = [row.split()[0] for row in page.rows if "identical answers" in row]
    assert flagged == ["ada", "bob", "ada"]
    assert "Identical answers 3" in page.part("All submissions", "Learner Lab")


def test_long_lists_are_cut_and_the_table_has_everything(tmp_path):
    many = [Result(f"r{n}", f"r{n}", "in", Outcome.REJECTED, "No notebook.") for n in range(60)]
    page = summary(tmp_path, *many, judged("ada"))
    assert "… and 35 more in the table below" in page.words
    assert sum(row.startswith(" r") and "Rejected" in row for row in page.rows) == 60


def test_the_slowest_come_first(tmp_path):
    page = summary(tmp_path, *(judged(f"s{number}", seconds=float(number)) for number in range(1, 130)))
    slowest = page.part("Slowest", "All submissions")
    assert re.findall(r"s\d+", slowest) == ["s129", "s128", "s127", "s126", "s125", "s124"]
    assert "2 min 9 s" in slowest


def test_learners_are_linked_to_their_pages(tmp_path):
    ada, bob = judged("ada"), judged("bob")
    ada.submission = "ada #1?"
    write_submission(ada, tmp_path / "submissions" / ada.submission)
    page = summary(tmp_path, ada, bob)
    assert {attrs["href"] for tag, attrs in page.tags if tag == "a"} == {"submissions/ada%20%231%3F/feedback.html"}


def test_hostile_words_stay_words_and_only_our_script_may_run(tmp_path):
    hostile = judged(HOSTILE, cause=HOSTILE, isolation=HOSTILE, died=1, answers="x", lab=HOSTILE)
    other = judged("bob", cause=HOSTILE, answers="x", lab=HOSTILE)
    write_submission(hostile, tmp_path / "submissions" / "x")
    page = summary(tmp_path, hostile, other, Result(HOSTILE, HOSTILE, HOSTILE, Outcome.REJECTED, HOSTILE))
    assert {tag for tag, _ in page.tags} <= PAGE | TEXT | PARTS | DRAWN
    names = [name for _, attributes in page.tags for name in attributes]
    assert not [name for name in names if name.startswith("on") or name in ("style", "src")]
    assert all(attrs["href"].startswith("#s-") for tag, attrs in page.tags if tag == "use")
    [script] = re.findall(r"<script>(.*?)</script>", page.html, re.DOTALL)
    [style] = re.findall(r"<style>(.*?)</style>", page.html, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() for part in (style, script)]
    policy = f"default-src 'none'; style-src 'sha256-{digests[0]}'; script-src 'sha256-{digests[1]}'; base-uri 'none'"
    assert policy in page.html
    assert not re.search(r"url\(|@import|https?://", page.html)
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e\ud800]", page.html)
    assert "<img src=x onerror=a>" in page.words
