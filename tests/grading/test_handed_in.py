"""A download of a platform with a class list: whose each file is, which attempt counts, and who is missing."""

from __future__ import annotations

import csv

import nbformat
import pytest

from labs.cli import main
from labs.errors import UserError
from labs.grading.batch import Options, grade_batch, stored_results
from labs.grading.isolation.sandbox import Tier

ROSTER = 'id,name,email\ndoejane,"Doe, Jane",jane@example.com\nsmithjohn,"Smith, John",john@example.com\nlee,Bo Lee,\n'


@pytest.fixture
def download(tmp_path, answered, demo_lab, right):
    folder = tmp_path / "in"
    folder.mkdir()
    nbformat.write(answered(demo_lab, **right), folder / "doejane_12345_678901_demo.ipynb")
    again = answered(demo_lab, greet=right["greet"])
    nbformat.write(again, folder / "doejane_LATE_12345_678902_demo-2.ipynb")
    nbformat.write(answered(demo_lab), folder / "smithjohn_12346_678903_demo-1.ipynb")
    (tmp_path / "class.csv").write_text(ROSTER, "utf-8")
    return folder


def rows(out):
    with (out / "grades.csv").open(encoding="utf-8", newline="") as file:
        return {row["student_id"]: row for row in csv.DictReader(file)}


def test_a_class_is_graded_by_its_list(course, download, tmp_path, capsys):
    out = tmp_path / "out"
    assert (
        main(["grade", str(download), "--out", str(out), "--roster", str(tmp_path / "class.csv"), "--jobs", "2"]) == 0
    )
    said = capsys.readouterr()
    assert "Learners are named as Canvas names its downloads: --names plain takes the paths instead." in said.err
    assert "3 judged, 1 of the roster handed in nothing" in said.out
    results = {(result.learner, result.attempt): result for result in stored_results(out)}
    assert results["doejane", 2].late
    assert results["doejane", 2].superseded == "", "the last attempt counts, whatever the files' times"
    assert results["doejane", 0].superseded == results["doejane", 2].submission
    found = rows(out)
    assert list(found) == ["doejane", "smithjohn", "lee"]
    assert (found["doejane"]["last_name"], found["doejane"]["email"]) == ("Doe, Jane", "jane@example.com")
    assert float(found["doejane"]["score"]) == results["doejane", 2].score > 0
    assert (found["lee"]["score"], found["lee"]["timestamp"]) == ("0.0", "")


def test_a_learner_who_may_be_two_people_is_said_before_anything_is_judged(course, download, tmp_path):
    (tmp_path / "class.csv").write_text("name\ndoejane\nDoe Jane\n", "utf-8")
    with pytest.raises(UserError, match="2 people who may be 'doejane'"):
        grade_batch([download], tmp_path / "out", Options(roster=tmp_path / "class.csv"))
    assert not (tmp_path / "out").exists()


def test_the_stock_engine_is_refused_where_isolation_is_required(course, download, tmp_path, capsys):
    options = ["--out", str(tmp_path / "out"), "--engine", "stock", "--isolation", "require"]
    assert main(["grade", str(download), *options]) == 2
    assert "--engine stock starts kernels without isolation" in capsys.readouterr().err


@pytest.mark.slow
def test_a_result_that_was_made_with_less_isolation_is_not_kept(course, download, tmp_path, monkeypatch):
    out = tmp_path / "out"
    grade_batch([download], out, Options(isolation="none"))
    assert grade_batch([download], out, Options(isolation="none")).kept == 3
    monkeypatch.setattr("labs.grading.isolation.tiers.choose", lambda isolation: Tier.NAMESPACES)
    assert grade_batch([download], out, Options(isolation="require")).kept == 0
    assert {result.isolation for result in stored_results(out)} == {Tier.NAMESPACES}
    assert grade_batch([download], out, Options(isolation="none")).kept == 3, "more than was asked for is enough"


def test_links_among_the_results_are_not_followed(course, download, tmp_path):
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    (elsewhere / "kept").mkdir(parents=True)
    (elsewhere / "kept" / "result.json").write_text("{}", "utf-8")
    (elsewhere / "diary").write_text("dear diary", "utf-8")
    (out / "submissions").mkdir(parents=True)
    (out / "submissions" / "doejane-demo").symlink_to(elsewhere / "kept")
    (out / "results.jsonl").symlink_to(elsewhere / "diary")
    grade_batch([download], out, Options())
    assert (elsewhere / "kept" / "result.json").read_text("utf-8") == "{}"
    assert (elsewhere / "diary").read_text("utf-8") == "dear diary"
    (out / ".lock").unlink()
    (out / ".lock").symlink_to(elsewhere / "diary")
    with pytest.raises(UserError, match="can't be written"):
        grade_batch([download], out, Options())
    assert (elsewhere / "diary").read_text("utf-8") == "dear diary"


@pytest.mark.slow
def test_results_of_another_run_among_the_submissions_are_not_learners(course, download, tmp_path):
    grade_batch([download], download / "first", Options())
    assert str(grade_batch([download], tmp_path / "second", Options())) == "3 judged"
