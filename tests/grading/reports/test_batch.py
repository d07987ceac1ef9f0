"""The reports of a batch that other programs read: JUnit XML, nbgrader's columns, JSON lines."""

from __future__ import annotations

import csv
import json
import re
import tracemalloc
import xml.etree.ElementTree as ET

import pytest

from labs.grading.reports import write_batch
from labs.grading.result import Outcome, Result
from labs.judge.verdict import Exchange, Report, Status, Verdict

FILES = ["grades.csv", "junit.xml", "results.jsonl", "summary.html"]
HOSTILE = '\x00\x1b[31m]]> <x a="b"> & \u202eevil\u2066 \ud800 \udfff \ufffe \x85\u2028,;\'\r\n=1+1'
UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]")

# Jenkins' junit-10.xsd, by hand: each element's attributes (required ones first) and what may stand in it
SCHEMA = {
    "testsuites": ((), {"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        ("name", "tests", "failures", "errors"),
        {"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"},
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "properties": ((), set(), {"property"}),
    "property": (("name", "value"), set(), set()),
    "testcase": (
        ("name",),
        {"time", "classname", "group"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": ((), {"type", "message"}, set()),
    "error": ((), {"type", "message"}, set()),
    "skipped": ((), {"type", "message"}, set()),
    "system-out": ((), set(), set()),
}
TIME = re.compile(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?")


def judged(name: str = "ada", *, words: str = "words", learner: str = "", size: int = 1) -> Result:
    exchange = Exchange(f"GET /{words} HTTP/1.1\r\n\r\n", f"HTTP/1.1 500\r\n\r\n{words}" * size, words)
    report = Report(
        "caching",
        "Caching",
        [
            Verdict("test_one", "First", "read", points=2, status=Status.PASSED, seconds=1234.5),
            Verdict("test_two", "Second", "read", status=Status.FAILED, cause=words, exchanges=(exchange,)),
            Verdict("test_three", "Third", "write", status=Status.NOT_STARTED, unfinished="write"),
            Verdict("test_four", words, "write", status=Status.BROKEN, cause=words),
        ],
    )
    return Result(name, learner or name, f"in/{words}.ipynb", lab="caching", report=report, notes=[words], seconds=1.5)


def rejected(name: str, sentence: str = "No notebook.") -> Result:
    return Result(name, name, f"in/{name}", Outcome.REJECTED, sentence)


def failed(name: str) -> Result:
    return Result(name, name, f"in/{name}", Outcome.FAILED, "The worker ended.", lab="caching")


def batch(tmp_path, *results: Result):
    write_batch(iter(results), tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == FILES, "nothing else is left"
    return tmp_path


def rows(folder) -> list[dict[str, str]]:
    with (folder / "grades.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def assert_valid(element: ET.Element) -> None:
    required, optional, children = SCHEMA[element.tag]
    assert set(required) <= set(element.keys()) <= {*required, *optional}, element.attrib
    if element.tag in ("testsuite", "testsuites"):
        assert TIME.fullmatch(element.get("time", ""))
    for child in element:
        assert child.tag in children, f"{child.tag} in {element.tag}"
        assert_valid(child)


def test_junit_follows_jenkins_schema_and_counts_right(tmp_path):
    folder = batch(tmp_path, judged("ada"), rejected("bob"), failed("eve"), judged("cy", words=HOSTILE))
    root = ET.parse(folder / "junit.xml").getroot()
    assert_valid(root)
    suites = {suite.get("name"): suite for suite in root}
    assert list(suites) == ["ada", "bob", "eve", "cy"]
    assert suites["ada"].attrib == {
        "name": "ada",
        "tests": "4",
        "failures": "1",
        "errors": "1",
        "skipped": "1",
        "time": "1.500",
    }
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("10", "2", "4")
    for suite in root:
        for kind, attribute in (("testcase", "tests"), ("failure", "failures"), ("error", "errors")):
            assert len(list(suite.iter(kind))) == int(suite.get(attribute))
    assert suites["bob"].find("testcase/error").attrib == {"type": "rejected", "message": "No notebook."}
    assert suites["eve"].find("testcase/error").get("type") == "failed"
    assert suites["ada"].find("testcase/failure").get("message") == "words"
    assert "GET /words" in suites["ada"].find("testcase/failure").text
    assert suites["ada"].find("properties/property[@name='isolation']") is not None


def test_grades_have_nbgraders_columns_and_come_back_as_they_went(tmp_path):
    names = ["ada", 'Lovelace, "Ada"', "a;b", "Zoë 数学", "two\nlines"]
    found = rows(batch(tmp_path, *(judged(f"s{i}", learner=name) for i, name in enumerate(names))))
    header = "assignment,duedate,timestamp,student_id,last_name,first_name,email,raw_score,late_submission_penalty"
    assert (tmp_path / "grades.csv").read_text("utf-8").startswith(f"{header},score,max_score\n")
    assert [row["student_id"] for row in found] == ["ada", 'Lovelace, "Ada"', "a;b", "Zoë 数学", "two lines"]
    assert {row["assignment"] for row in found} == {"caching"}
    assert {(row["raw_score"], row["late_submission_penalty"], row["score"], row["max_score"]) for row in found} == {
        ("2.0", "0.0", "2.0", "5.0")
    }
    lines = (tmp_path / "grades.csv").read_text("utf-8").splitlines()
    assert '"a;b"' in lines[3], "quoted for spreadsheets that separate by semicolons"


@pytest.mark.parametrize(
    "start",
    [
        "=",
        "+",
        "-",
        "@",
        "\t=",
        "\r=",
        "\n@",
        " =",
        "\uff1d",
        "\uff0b",
        "\uff0d",
        "\uff20",
        "\ufe66",
        "\u207c",
        "\u202e=",
        "\ufeff+",
        "\x00-",
    ],
)
def test_no_cell_starts_a_formula(tmp_path, start):
    result = judged(learner=f"{start}cmd|'/c calc'!A1")
    result.lab = f"{start}HYPERLINK(1)"
    [row] = rows(batch(tmp_path, result))
    for column in ("student_id", "assignment"):
        assert row[column].startswith("'"), row[column]
        assert not UNFIT.search(row[column])


def test_what_was_not_judged_has_0_or_no_score(tmp_path):
    late = judged("ada")
    late.modified = 1_764_000_000.5
    found = {row["student_id"]: row for row in rows(batch(tmp_path, rejected("bob"), failed("eve"), late))}
    assert (found["bob"]["score"], found["bob"]["max_score"]) == ("0.0", "")
    assert (found["eve"]["raw_score"], found["eve"]["score"]) == ("", ""), "the grader's own fault is no 0"
    assert found["ada"]["timestamp"] == "2025-11-24 16:00:00"
    assert found["bob"]["timestamp"] == ""


def test_only_the_later_of_two_submissions_counts(tmp_path):
    early = judged("ada")
    early.superseded = "ada-2"
    late = judged("ada-2", learner="ada")
    late.report.verdicts[1].status = Status.PASSED
    assert [row["score"] for row in rows(batch(tmp_path, early, late))] == ["3.0"]
    page = (tmp_path / "summary.html").read_text("utf-8")
    assert "replaced by a later one" in page
    assert "median score</dt><dd>60 %" in page
    suite = ET.parse(tmp_path / "junit.xml").getroot().find("testsuite[@name='ada']")
    assert "that one counts" in suite.findtext("system-out")


def test_json_lines_come_back_as_results(tmp_path):
    results = [judged("ada"), rejected("bob"), failed("eve")]
    lines = (batch(tmp_path, *results) / "results.jsonl").read_text("utf-8").splitlines()
    assert [Result.from_dict(json.loads(line)) for line in lines] == results


def test_hostile_text_breaks_no_format(tmp_path):
    hostile = judged("ada", words=HOSTILE, learner=HOSTILE)
    hostile.isolation = hostile.content = hostile.answers = hostile.release = HOSTILE
    batch(tmp_path, hostile, rejected("bob", HOSTILE), judged("cy"))
    for name in FILES:
        text = (tmp_path / name).read_bytes().decode("utf-8")
        assert not UNFIT.search(text), name
    lines = (tmp_path / "results.jsonl").read_text("utf-8").split("\n")
    assert [json.loads(line)["submission"] for line in lines if line] == ["ada", "bob", "cy"]
    assert [row["student_id"][:1] for row in rows(tmp_path)] == ["[", "b", "c"]
    assert_valid(ET.parse(tmp_path / "junit.xml").getroot())


def test_an_empty_batch(tmp_path):
    batch(tmp_path)
    assert (tmp_path / "results.jsonl").read_text() == ""
    assert rows(tmp_path) == []
    assert list(ET.parse(tmp_path / "junit.xml").getroot()) == []
    assert "submissions" in (tmp_path / "summary.html").read_text("utf-8")


def test_results_that_end_early_leave_the_old_files(tmp_path):
    batch(tmp_path, judged("ada"))
    before = {name: (tmp_path / name).read_bytes() for name in FILES}

    def broken():
        yield judged("bob")
        raise RuntimeError("the disk went away")

    with pytest.raises(RuntimeError):
        write_batch(broken(), tmp_path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


@pytest.mark.slow
def test_thousands_of_results_are_not_held_at_once(tmp_path):
    def results(number: int):
        for index in range(number):
            result = judged(f"learner-{index}", words=f"words {index}", size=100)
            result.report.verdicts = result.report.verdicts[1:2]
            result.answers = f"{index}"
            yield result

    write_batch(results(5), tmp_path)  # imports and caches
    tracemalloc.start()
    write_batch(results(2_000), tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (tmp_path / "results.jsonl").stat().st_size > 3_000_000
    assert peak < 2_500_000, f"{peak / 2_000:.0f} bytes for each submission at the peak"
