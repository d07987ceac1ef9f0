"""The lines that a terminal shows of a report."""

from __future__ import annotations

from labs.judge.verdict import Report, Status, Verdict
from labs.views.summary import shortcomings, standing


def test_the_lines_of_a_report():
    report = Report("demo", "Demo", [Verdict("test_a", "A", status=Status.PASSED)])
    assert (standing(report), list(shortcomings(report))) == ("1 of 1 checks pass", [])
    report.verdicts += [
        Verdict("test_b", "B", status=Status.FAILED, cause="Because\nof this."),
        Verdict("test_c", "C", status=Status.WAITING, waits_for="B"),
    ]
    assert standing(report) == "1 of 3 checks pass"
    assert list(shortcomings(report)) == ["failed: B. Because of this.", "1 check waiting for others"]
    assert standing(Report("demo", "Demo", problem="No.")) == "could not be checked"
    assert list(shortcomings(Report("demo", "Demo", problem="No."))) == ["No."]
