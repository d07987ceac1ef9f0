"""results.json as Gradescope documents it for autograders."""

from __future__ import annotations

from dataclasses import replace
from typing import Any  # Any: JSON

from labs.grading.reports.standing import WHAT_TO_DO, isolation, notes, verdict_sentence
from labs.grading.reports.text import evidence, harmless, one_line
from labs.grading.result import Outcome, Result
from labs.judge.text import verdict_lines
from labs.judge.verdict import Report, Status, Verdict
from labs.views.markup import MARKDOWN_LIMIT, clip, count, plain

__all__ = ["gradescope"]

OUTPUT = 8_000  # characters for one check: Gradescope shows them folded


def gradescope(result: Result) -> dict[str, Any]:
    """The submission in the form that /autograder/results/results.json has to have.

    Everything is of the format "text", which Gradescope renders neither as HTML nor as Markdown.
    """
    report = result.report if result.outcome is Outcome.JUDGED else None
    data: dict[str, Any] = harmless(
        {
            "score": float(result.score if report else 0),
            "execution_time": round(result.seconds, 2),
            "output": evidence("\n".join(_said(result, report))),
            "output_format": "text",
            "test_output_format": "text",
            "test_name_format": "text",
            "visibility": "visible",
            "stdout_visibility": "hidden",
            "tests": _tests(report) if report else [],
            "extra_data": {
                "submission": result.submission,
                "outcome": str(result.outcome),
                "lab": result.lab,
                "max_score": float(result.points if report else 0),
                "isolation": result.isolation or "",
                "seed": report.seed if report else "",
                "content": result.content,
                "release": result.release,
                "superseded": result.superseded,
            },
        }
    )
    return data


def _said(result: Result, report: Report | None) -> list[str]:
    if report is None:
        todo = WHAT_TO_DO.get(result.outcome, WHAT_TO_DO[Outcome.FAILED])
        return [result.sentence or "Nothing could be judged.", "", *(plain(line).replace("`", "") for line in todo)]
    passed, total = report.count(Status.PASSED), len(report.verdicts)
    lines = [f"{report.title}: {report.score} of {count(report.points, 'point')}, {passed} of {total} checks."]
    lines += [report.problem] if report.problem else []
    lines += [note.replace("`", "") for note in notes(result)]
    lines += [f"Isolation: {isolation(result.isolation)}."]
    if report.seed:
        again = f"labs check {report.lab} --app module:factory --seed {report.seed}"
        lines += ["", f"The same facts again, with your own module: {again}"]
    return lines


def _tests(report: Report) -> list[dict[str, Any]]:
    """One test for each check, numbered by exercise and check within it."""
    places: dict[str, list[int]] = {}
    tests = []
    for verdict in report.verdicts:
        place = places.setdefault(verdict.exercise, [len(places) + 1, 0])
        place[1] += 1
        tests.append(
            {
                "name": one_line(verdict.title or verdict.check, 300).replace("`", ""),
                "name_format": "text",
                "number": f"{place[0]}.{place[1]}",
                "score": float(verdict.score),
                "max_score": float(verdict.points),
                "status": "passed" if verdict.status is Status.PASSED else "failed",
                "output": output(verdict),
                "output_format": "text",
                "tags": [one_line(tag) for tag in (verdict.exercise, verdict.level) if tag],
                "visibility": "visible",
                "extra_data": {"check": verdict.check, "status": str(verdict.status)},
            }
        )
    return tests


def output(verdict: Verdict, limit: int = OUTPUT) -> str:
    """What a check has to say, in plain text with its transcript; empty when it passed."""
    if verdict.status is Status.PASSED:
        return ""
    sentence = verdict_sentence(verdict)
    verdict = replace(verdict, cause=clip(verdict.cause, MARKDOWN_LIMIT)[0])  # wrapping walks over all of it
    lines = verdict_lines(verdict) if verdict.status in (Status.FAILED, Status.BROKEN) else []
    return evidence("\n".join([*([sentence] if sentence else []), *lines]), limit)
