"""Submissions and results at URLs, on fsspec's file system in memory: what an object store does, without one."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import nbformat
import pytest

from labs.cli import main
from labs.grading.batch import Options, grade_batch
from labs.grading.storage import place

fsspec = pytest.importorskip("fsspec", reason="the extra `distributed` is not installed")
pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="batches are graded on Linux"),
    pytest.mark.usefixtures("course"),
]


@pytest.fixture
def memory():
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()


@pytest.fixture
def notebook(answered, demo_lab):
    """Makes a notebook of the demo with these answers, as a file's content."""
    return lambda **answers: nbformat.writes(answered(demo_lab, **answers)).encode()


def archive(**members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return file.getvalue()


def results(memory):
    lines = memory.cat("/out/results.jsonl").splitlines()
    return {result["submission"]: result for result in map(json.loads, lines)}


def grade():
    return str(grade_batch(["memory://in"], "memory://out", Options(jobs=2)))


@pytest.mark.slow
def test_a_place_full_of_everything_is_graded_into_another(memory, capsys, right, notebook):
    members = {"cem.ipynb": notebook(), "../evil.ipynb": notebook(), "bomb.ipynb": b" " * 30_000_000}
    memory.pipe(
        {
            "/in/ada.ipynb": notebook(**right),
            "/in/ben/demo.ipynb": notebook(greet=right["greet"]),
            "/in/ben/notes.txt": b"beside a notebook, so nobody's submission",
            "/in/dee/essay.pdf": b"instead of a notebook",
            "/in/huge.ipynb": b" " * (5 * 1024 * 1024 + 1),
            "/in/none.ipynb": b"",
            "/in/.ipynb_checkpoints/ada.ipynb": b"{}",
            "/in/more.zip": archive(**members),
            "/in/cut.zip": archive(**members)[:-30],
        }
    )
    assert main(["grade", "memory://in", "--out", "memory://out/"]) == 0
    assert capsys.readouterr().out == "3 judged, 6 rejected. Results: memory://out/summary.html\n"
    found = results(memory)
    assert {name: result["sentence"] for name, result in found.items()} == {
        "ada": "",
        "ben-demo": "",
        "more": "",
        "cut": "It is not a zip archive that can be read: was it sent whole?",
        "dee-essay.pdf": "It is not a notebook.",
        "huge": "It is not valid JSON, so it can't be a notebook: was it sent whole?",
        "more-3": "It is larger than 100 MB, or packed too tightly to be a notebook.",
        "more-2": "Its name in the archive leads out of it.",
        "none": "It is not valid JSON, so it can't be a notebook: was it sent whole?",
    }
    assert found["ada"]["source"] == "memory:///in/ada.ipynb"
    assert found["more"]["source"] == "memory:///in/more.zip!cem.ipynb"
    assert sum(verdict["status"] == "passed" for verdict in found["ada"]["report"]["verdicts"]) == 3
    assert sum(verdict["status"] == "passed" for verdict in found["ben-demo"]["report"]["verdicts"]) == 2
    assert sorted(path.rpartition("/")[2] for path in memory.find("/out/submissions/ada")) == [
        "executed.ipynb",
        "feedback.html",
        "result.json",
        "results.json",
    ]
    assert b"The greeting names the caller" in memory.cat("/out/submissions/ada/feedback.html")
    assert sorted(path for path in memory.find("/out") if path.count("/") == 2) == [
        "/out/grades.csv",
        "/out/junit.xml",
        "/out/results.jsonl",
        "/out/summary.html",
    ]
    assert b"submissions/ada/feedback.html" in memory.cat("/out/summary.html")
    assert not list(Path(tempfile.gettempdir()).glob("labs-grade-*/submissions"))


@pytest.mark.slow
def test_the_same_command_goes_on_from_what_is_over_there(memory, right, notebook):
    memory.pipe({f"/in/{name}.ipynb": notebook(**right) for name in ("ada", "ben", "cem")})
    assert grade() == "3 judged"
    before = memory.cat("/out/submissions/ada/result.json")
    memory.rm("/out/submissions/ben/result.json")  # as when a run ends in the middle
    memory.pipe("/in/cem.ipynb", b"no notebook any more")
    memory.pipe("/out/submissions/..%2f/result.json", b"{}")
    assert grade() == "2 judged, 1 rejected (1 of them in an earlier run)"
    assert memory.cat("/out/submissions/ada/result.json") == before
    assert memory.exists("/out/submissions/ben/result.json")
    assert not memory.exists("/out/submissions/cem/executed.ipynb")
    assert b"submissions/ada/feedback.html" in memory.cat("/out/summary.html")
    memory.rm("/in/ada.ipynb")
    assert grade() == "1 judged, 1 rejected (1 of them in an earlier run)"
    assert not memory.find("/out/submissions/ada")
    assert sorted(results(memory)) == ["ben", "cem"]


@pytest.mark.slow
def test_a_replaced_submission_is_told_so_and_keeps_what_it_had(memory, right, notebook):
    memory.pipe("/in/demo/ada.ipynb", notebook())
    assert grade() == "1 judged"
    memory.pipe("/in/demo/later/ada.ipynb", notebook(**right))
    memory.pipe("/in/ada.ipynb", notebook(**right))
    assert grade() == "3 judged (1 of them in an earlier run)"
    replaced = [result for result in results(memory).values() if result["superseded"]]
    assert [(result["submission"], result["superseded"]) for result in replaced] == [("ada-demo", "ada")]
    assert b"later" in memory.cat("/out/submissions/ada-demo/feedback.html")
    assert nbformat.reads(memory.cat("/out/submissions/ada-demo/executed.ipynb").decode(), as_version=4)


def test_results_that_can_not_be_written_are_one_sentence(memory, capsys, monkeypatch, right, notebook):
    memory.pipe("/in/ada.ipynb", notebook(**right))

    def refuse(*_, **__):
        raise PermissionError("Access Denied")

    monkeypatch.setattr(type(memory), "pipe_file", refuse)
    assert main(["grade", "memory://in", "--out", "memory://out"]) == 2
    assert capsys.readouterr().err.startswith("labs: The results can't be written to memory://out: Access Denied. ")


@pytest.mark.slow
def test_a_place_that_goes_away_in_the_middle_keeps_what_is_whole(memory, capsys, monkeypatch, right, notebook):
    memory.pipe({f"/in/{name}.ipynb": notebook(**right) for name in ("ada", "ben")})
    write = type(memory).pipe_file

    def fail_once(self, path, value, **options):
        if path.endswith("ben/executed.ipynb"):
            raise ConnectionError("it has gone away")
        return write(self, path, value, **options)

    with monkeypatch.context() as patch:
        patch.setattr(type(memory), "pipe_file", fail_once)
        assert main(["grade", "memory://in", "--out", "memory://out"]) == 2
    assert "can't be written to memory://out: it has gone away. What is there is kept" in capsys.readouterr().err
    assert not memory.exists("/out/submissions/ben/result.json")
    assert grade().startswith("2 judged")
    assert {name: result["outcome"] for name, result in results(memory).items()} == {"ada": "judged", "ben": "judged"}


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("memory://nowhere", "There is no memory://nowhere: check the path of the submissions."),
        ("nosuch://bucket", "nosuch:// can't be read here: Protocol not known: nosuch"),
        ("zip://*.ipynb::memory://in.zip", "zip://*.ipynb::memory://in.zip is several places in one: "),
    ],
)
def test_a_url_that_leads_nowhere_is_a_sentence(memory, tmp_path, capsys, url, sentence):
    assert main(["grade", url, "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"labs: {sentence}")
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_file_that_goes_away_before_it_is_read_is_rejected(memory, tmp_path, monkeypatch, notebook):
    memory.pipe("/in/ada.ipynb", notebook())

    def gone(*_, **__):
        raise FileNotFoundError("/in/ada.ipynb")

    monkeypatch.setattr(type(memory), "cat_file", gone)
    assert str(grade_batch(["memory://in"], tmp_path / "out", Options(jobs=1))) == "0 judged, 1 rejected"


def test_without_fsspec_a_url_is_a_sentence(tmp_path, capsys, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "fsspec"]:
        monkeypatch.setitem(sys.modules, name, None)
    assert main(["grade", "s3://bucket/week3", "--out", str(tmp_path / "out")]) == 2
    assert "s3:// needs fsspec, which is not installed: pip install 'service" in capsys.readouterr().err


def test_file_urls_are_paths_with_all_their_rules(tmp_path):
    assert place("file:///tmp/a%20b") == Path("/tmp/a b")
    assert place("week3") == Path("week3")
    assert place("s3://bucket/week3") == "s3://bucket/week3"


def test_grading_here_imports_neither_fsspec_nor_dask():
    code = (
        "import sys, labs.cli, labs.grading.batch; sys.exit(bool({'fsspec', 'distributed', 'dask'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
