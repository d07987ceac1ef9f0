"""`labs verify` from its command to its verdict: what it takes, what it refuses, what it keeps when it is interrupted."""

from __future__ import annotations

import pytest

from labs.authoring import verify as verifying
from labs.authoring.verify import verify
from labs.errors import UserError

from .conftest import edit, problems_in

pytestmark = pytest.mark.usefixtures("no_kernel")
LAB = "labs/patterns/tiny"


def test_a_stale_notebook_is_refused(complaints):
    found = complaints(("lesson.md", "minutes: 5", "minutes: 6"), built=False)

    assert (
        f"notebooks/00_tiny.ipynb is not what {LAB}/lesson.md gives now (metadata differs): run `labs build tiny`."
        in found
    )


def test_a_broken_lesson_is_one_sentence(complaints, tmp_path):
    found = complaints(("lesson.md", ":name: greet\n", ""), built=False)

    assert found == [
        f"{tmp_path}/{LAB}/lesson.md: an exercise cell needs `:name:`, a Python identifier (below “Exercise 1: Greet”)."
    ]


def test_labs_that_share_a_title_or_a_number(monkeypatch, tmp_path, make_lab):
    monkeypatch.setattr(verifying, "run_jobs", lambda *arguments: None)
    labs = [
        make_lab(tmp_path, name, changes=[("lesson.md", f"title: Lab {name}", "title: Tiny")])
        for name in ("one", "two")
    ]
    lines = []

    assert not verify(labs, jobs=1, root=tmp_path, out=lines.append)
    assert "one and two have the same `title:` in lesson.md, 'Tiny': give one of them another." in lines
    assert "one and two have the same `order:` in lesson.md, 0: give one of them another." in lines


def test_a_lab_that_has_the_number_of_one_beside_it(monkeypatch, tmp_path, make_lab):
    monkeypatch.setattr(verifying, "run_jobs", lambda *arguments: None)
    new, _ = [make_lab(tmp_path, name) for name in ("new", "old")]
    make_lab(tmp_path, "older", order=3)
    make_lab(tmp_path, "oldest", order=3)
    edit(make_lab(tmp_path, "broken").folder / "lesson.md", "title: ", "titel: ")
    lines = []

    assert not verify([new], jobs=1, root=tmp_path, out=lines.append)
    assert problems_in(lines) == ["new and old have the same `order:` in lesson.md, 0: give one of them another."]


def test_one_answer_alone(tmp_path, lesson, make_lab):
    pattern = make_lab(tmp_path)
    lines = []
    assert verify([pattern], jobs=1, root=tmp_path, out=lines.append, only="adds_two")
    assert lines[0] == "1 runs over 1 lab, 1 at once"
    assert any(line.startswith("tiny ") and line.endswith("adds_two holds") for line in lines)
    with pytest.raises(UserError, match="No answer that can be read is called nobody: name a file of answers/"):
        verify([pattern], jobs=1, root=tmp_path, out=lines.append, only="nobody")


def test_ctrl_c_does_not_lose_what_was_found(tmp_path, monkeypatch, make_lab):
    pattern = make_lab(tmp_path)
    edit(pattern.folder / "lesson.md", "title: Lab tiny", "title: Another")

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(verifying, "run_jobs", interrupt)
    lines = []
    with pytest.raises(KeyboardInterrupt):
        verify([pattern], jobs=1, root=tmp_path, out=lines.append)

    assert any("stale" in line or "labs build" in line for line in problems_in(lines)), lines
