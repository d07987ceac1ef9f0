"""JUnit XML of a batch, as Jenkins, GitLab and others read it: a test suite for each submission."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import IO
from xml.sax.saxutils import escape, quoteattr

from labs.grading.reports.files import append, replacing, spool
from labs.grading.reports.gradescope import output
from labs.grading.reports.standing import isolation, notes, verdict_sentence
from labs.grading.reports.text import evidence, one_line
from labs.grading.result import Outcome, Result
from labs.judge.verdict import Status, Verdict
from labs.views.markup import plain

__all__ = ["JUnit"]

EVIDENCE = 4_000  # characters for one failure: a batch has many


class JUnit:
    """junit.xml, written submission by submission; complete when the stack closes.

    A failed check is a failure; a broken one, and a submission that was not judged, an error; one that is not
    started or waits for another is skipped.
    """

    def __init__(self, path: Path, stack: ExitStack) -> None:
        self._file = stack.enter_context(replacing(path))
        self._suites: IO[str] = stack.enter_context(spool(path.parent))
        self._tests = self._failures = self._errors = 0
        self._seconds = 0.0

    def add(self, result: Result) -> None:
        """Write one submission's suite."""
        report = result.report if result.outcome is Outcome.JUDGED else None
        verdicts = report.verdicts if report else []
        failures = sum(verdict.status is Status.FAILED for verdict in verdicts)
        errors = sum(verdict.status is Status.BROKEN for verdict in verdicts)
        skipped = sum(verdict.status not in (Status.PASSED, Status.FAILED, Status.BROKEN) for verdict in verdicts)
        trouble = (report.problem if report else result.sentence or "Nothing could be judged.") or ""
        tests, errors = len(verdicts) + bool(trouble), errors + bool(trouble)
        write = self._suites.write
        write(
            f'<testsuite name={_attribute(result.submission)} tests="{tests}" failures="{failures}"'
            f' errors="{errors}" skipped="{skipped}" time="{result.seconds:.3f}">\n<properties>\n'
        )
        for name, value in _properties(result):
            write(f'<property name="{name}" value={_attribute(value)}/>\n')
        write("</properties>\n")
        classname = _attribute(result.lab or "submission")
        if trouble:
            kind = "judging" if report else str(result.outcome)
            write(
                f'<testcase name="submission" classname={classname} time="0.000">'
                f'<error type="{kind}" message={_attribute(trouble, 500)}>{_text(trouble)}</error></testcase>\n'
            )
        for verdict in verdicts:
            write(_case(verdict, classname))
        if said := notes(result):
            write(f"<system-out>{_text(chr(10).join(said))}</system-out>\n")
        write("</testsuite>\n")
        self._tests += tests
        self._failures += failures
        self._errors += errors
        self._seconds += result.seconds

    def finish(self) -> None:
        """Write the file: the totals, then every suite."""
        self._file.write(
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<testsuites name="labs grade" tests="{self._tests}" failures="{self._failures}"'
            f' errors="{self._errors}" time="{self._seconds:.3f}">\n'
        )
        append(self._suites, self._file)
        self._file.write("</testsuites>\n")


def _properties(result: Result) -> list[tuple[str, str]]:
    return [
        ("learner", result.learner),
        ("source", result.source),
        ("lab", result.lab),
        ("score", f"{result.score}"),
        ("points", f"{result.points}"),
        ("isolation", isolation(result.isolation)),
        ("outcome", str(result.outcome)),
    ]


def _case(verdict: Verdict, classname: str) -> str:
    start = f'<testcase name={_attribute(verdict.check)} classname={classname} time="{verdict.seconds:.3f}"'
    sentence = verdict_sentence(verdict)
    match verdict.status:
        case Status.PASSED:
            return f"{start}/>\n"
        case Status.FAILED | Status.BROKEN:
            tag = "failure" if verdict.status is Status.FAILED else "error"
            message = _attribute(plain(verdict.cause) or sentence or verdict.title, 500)
            body = _text(f"{plain(verdict.title)}\n{output(verdict, EVIDENCE)}", EVIDENCE)
            return f'{start}><{tag} type="{verdict.status}" message={message}>{body}</{tag}></testcase>\n'
        case _:
            return f"{start}><skipped message={_attribute(sentence, 500)}/></testcase>\n"


def _attribute(text: str, limit: int = 200) -> str:
    return quoteattr(one_line(text, limit))


def _text(text: str, limit: int = EVIDENCE) -> str:
    return escape(evidence(text, limit))
