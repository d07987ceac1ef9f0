"""The reports of one submission: the learner's page and Gradescope's results.json."""

from __future__ import annotations

import json
import re

import jsonschema
import pytest

from labs.grading.reports import write_submission
from labs.grading.result import Outcome, Result
from labs.judge.verdict import Call, Exchange, Report, Status, Verdict

from .conftest import Parsed

HOSTILE = (
    "</style></title></script><script>alert(1)</script><img src=x onerror=alert(1)>\" onmouseover=\"a' onfocus='b"
    " ]]> <!-- \x00\x1b[31m\x0b\x85 \u202egpj.exe\u2066 \ud800 \udfff\ufeff `<b>` [x](javascript:alert(1)) &lt;"
)

# https://gradescope-autograders.readthedocs.io/en/latest/specs/, "Output format", as a schema
_FORMAT = {"enum": ["text", "html", "simple_format", "md", "ansi"]}
_VISIBILITY = {"enum": ["hidden", "after_due_date", "after_published", "visible"]}
GRADESCOPE = {
    "type": "object",
    "additionalProperties": False,
    "anyOf": [{"required": ["score"]}, {"required": ["tests"]}],
    "properties": {
        "score": {"type": "number"},
        "execution_time": {"type": "number"},
        "output": {"type": "string"},
        "output_format": _FORMAT,
        "test_output_format": _FORMAT,
        "test_name_format": _FORMAT,
        "visibility": _VISIBILITY,
        "stdout_visibility": _VISIBILITY,
        "extra_data": {"type": "object"},
        "tests": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "score": {"type": "number"},
                    "max_score": {"type": "number"},
                    "status": {"enum": ["passed", "failed"]},
                    "name": {"type": "string"},
                    "name_format": _FORMAT,
                    "number": {"type": "string"},
                    "output": {"type": "string"},
                    "output_format": _FORMAT,
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "visibility": _VISIBILITY,
                    "extra_data": {"type": "object"},
                },
            },
        },
        "leaderboard": {"type": "array"},
    },
}


def graded(words: str = "plain words") -> Result:
    evidence = {
        "cause": words,
        "expected": words,
        "got": f"{words}!",
        "exchanges": (Exchange(f"GET /{words} HTTP/1.1\r\n\r\n", f"HTTP/1.1 500\r\nx: {words}\r\n\r\n{words}", words),),
        "records": (words,),
        "calls": (Call("cache", f"GET {words}", words),),
    }
    report = Report(
        "start_here",
        "Start here",
        [
            Verdict("a", "First check", "about", points=2, status=Status.PASSED, seconds=0.01),
            Verdict("b", "Second `check`", "about", points=3, status=Status.FAILED, read="Look first", **evidence),
            Verdict("c", "Third check", "more", status=Status.NOT_STARTED, unfinished="lookup"),
            Verdict("d", "Fourth check", "more", status=Status.WAITING, waits_for="Third check"),
            Verdict("e", "Fifth check", "more", status=Status.BROKEN, cause="our mistake"),
            Verdict("f", "Sixth check", "more"),
        ],
        seed="ab12",
    )
    return Result(
        "ada-start_here",
        "Ada Lovelace" if words == "plain words" else words,
        f"/home/teacher/inbox/ada.zip!work/{words}.ipynb",
        lab="start_here",
        report=report,
        notes=["Exercise `more` was not attempted.", words],
        isolation="namespaces",
        release="0123456789abcdef",
        seconds=2.345,
        hints={"about": 2},
    )


def rejected(sentence: str = "The file is no notebook.") -> Result:
    return Result("bob", "Bob", "inbox/bob.ipynb", Outcome.REJECTED, sentence)


def assert_harmless(page: Parsed) -> None:
    allowed = {"html", "head", "meta", "title", "style", "body", "main", "div", "p", "h1", "h2", "b", "i", "small"}
    allowed |= {"span", "ul", "ol", "li", "dl", "dt", "dd", "details", "summary", "pre", "code", "mark", "a"}
    allowed |= {"svg", "path", "circle"}
    assert {tag for tag, _ in page.tags} <= allowed
    names = {name for name, _ in page.attributes}
    assert not [name for name in names if name.startswith("on") or name in ("style", "src", "srcdoc", "action")]
    assert not [value for name, value in page.attributes if name == "href" and value.lower().startswith("javascript")]


def written(result: Result, folder) -> tuple[Parsed, dict]:
    write_submission(result, folder)
    assert sorted(file.name for file in folder.iterdir()) == ["feedback.html", "results.json"], "nothing else is left"
    page = Parsed((folder / "feedback.html").read_text("utf-8"))
    data = json.loads((folder / "results.json").read_text("utf-8"))
    jsonschema.validate(data, GRADESCOPE)
    return page, data


def test_the_page_says_what_passed_what_failed_and_what_to_do(tmp_path):
    page, _ = written(graded(), tmp_path / "new" / "ada")
    for part in (
        "Ada Lovelace Start here",
        "2 of 9 points",
        "1 of 6 checks",
        "Exercise more was not attempted.",
        "First check : Passed",
        "Likely cause plain words",
        "HTTP transcript GET /plain words → 500 Internal Server Error",
        "Calls to backing services 1 call",
        "Read again in the lesson Look first",
        "1 hint left",
        "Isolation namespaces and seccomp",
        "File ada.zip · work/plain words.ipynb",
        "Time 2.3 s",
        "labs check start_here --app module:factory --seed ab12",
    ):
        assert part in page.words, part
    assert "/home/teacher" not in page.words, "where the file stood is the grader's own business"


def test_used_hints_and_passed_exercises_are_not_offered(tmp_path):
    result = graded()
    result.hints = {"about": 3, "more": 99, "no such exercise": 1}
    page, _ = written(result, tmp_path)
    assert "Hints not used yet" not in page.words


@pytest.mark.parametrize("outcome", [Outcome.REJECTED, Outcome.FAILED])
def test_a_page_for_what_was_not_judged(tmp_path, outcome):
    result = rejected("The file is no notebook: <i>open</i> it.")
    result.outcome = outcome
    page, data = written(result, tmp_path)
    assert "The file is no notebook: <i>open</i> it." in page.words
    assert "What to do" in page.words
    assert ("Rejected" if outcome is Outcome.REJECTED else "Grader failed") in page.words
    assert data["score"] == 0
    assert data["tests"] == []
    assert data["output"].startswith("The file is no notebook")
    assert "`" not in data["output"]


def test_results_json_is_what_gradescope_documents(tmp_path):
    _, data = written(graded(), tmp_path)
    assert data["score"] == 2.0 == sum(test["score"] for test in data["tests"])
    assert data["execution_time"] == pytest.approx(2.345, abs=0.01)
    assert data["visibility"] == "visible"
    assert [test["number"] for test in data["tests"]] == ["1.1", "1.2", "2.1", "2.2", "2.3", "2.4"]
    assert [test["status"] for test in data["tests"]] == ["passed", *["failed"] * 5]
    assert [test["max_score"] for test in data["tests"]] == [2, 3, 1, 1, 1, 1]
    assert {test["output_format"] for test in data["tests"]} == {"text"}, "nothing is rendered as HTML"
    outputs = [test["output"] for test in data["tests"]]
    assert outputs[0] == ""
    assert "likely cause: plain words" in outputs[1]
    assert "sent:         GET /plain words" in outputs[1]
    assert "lookup still raises NotImplementedError" in outputs[2]
    assert "builds on “Third check”" in outputs[3]
    assert "our mistake" in outputs[4]
    assert "ended before this check" in outputs[5]
    assert data["extra_data"]["isolation"] == "namespaces"


def test_hostile_words_stay_words(tmp_path):
    page, data = written(graded(HOSTILE), tmp_path)
    assert_harmless(page)
    assert "<script>alert(1)</script>" in page.words
    assert [tag for tag, _ in page.tags].count("style") == 1
    text = (tmp_path / "feedback.html").read_text("utf-8") + (tmp_path / "results.json").read_text("utf-8")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]", text)
    assert "␛[31m" in data["output"], "a control is shown, not obeyed"
    hostile = rejected(HOSTILE)
    hostile.learner = hostile.lab = HOSTILE
    page, _ = written(hostile, tmp_path)
    assert_harmless(page)


def test_the_pages_are_bounded(tmp_path):
    result = graded("<&" * 500_000)
    result.notes *= 500
    write_submission(result, tmp_path)
    assert (tmp_path / "feedback.html").stat().st_size < 600_000
    assert (tmp_path / "results.json").stat().st_size < 200_000


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    write_submission(graded(), tmp_path)
    before = (tmp_path / "feedback.html").read_text("utf-8")
    monkeypatch.setattr("labs.grading.reports.submission.feedback", lambda _: None)
    with pytest.raises(TypeError):
        write_submission(graded("other words"), tmp_path)
    assert (tmp_path / "feedback.html").read_text("utf-8") == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["feedback.html", "results.json"]


def test_hints_of_which_nothing_is_known_are_all_offered(tmp_path):
    result = graded()
    result.hints = {}
    page, _ = written(result, tmp_path)
    assert '3 hints left, lab.hint("about")' in page.words.replace(" ,", ",")


def test_a_replaced_submission_says_which_one_counts(tmp_path):
    result = graded()
    result.superseded = "ada-2"
    page, data = written(result, tmp_path)
    assert "that one counts ( ada-2 ), not this one" in page.words
    assert "that one counts (ada-2), not this one" in data["output"]


def test_a_report_that_could_not_run_says_so(tmp_path):
    result = graded()
    result.report.problem = "The notebook holds no `create_app`."
    page, data = written(result, tmp_path)
    assert "Could not run" in page.words
    assert "The notebook holds no `create_app`." in data["output"]
