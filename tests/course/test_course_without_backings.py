"""The course cut to a template's values: `--without database`, `--without cache`."""

import pytest

import labs.course.catalog
from labs.cli import main
from labs.course.catalog import find_pattern, find_patterns
from labs.errors import UserError
from labs.notebook.jupyterlab import _hidden_notebooks


@pytest.fixture
def labs_that_need(tmp_path, monkeypatch):
    """Four labs: of nothing, of the database, of both, and one that merely uses the cache."""
    monkeypatch.setattr(labs.course.catalog, "PATTERNS", tmp_path)
    fronts = {
        "logging": "",
        "orm": "backings: [database]",
        "caching": "backings: [database, cache]",
        "health": "optional_backings: [cache]",
    }
    for order, (name, front) in enumerate(fronts.items()):
        folder = tmp_path / name
        folder.mkdir()
        head = f"---\ntitle: {name}\norder: {order}\nminutes: 1\nteaches: x\n{front}\n---\n"
        (folder / "lesson.md").write_text(f"{head}\n# {name}\n")


def names(without):
    return [pattern.name for pattern in find_patterns(without)]


def test_a_lab_goes_with_what_it_needs_and_stays_with_what_it_uses(labs_that_need):
    assert names([]) == ["logging", "orm", "caching", "health"]
    assert names(["cache"]) == ["logging", "orm", "health"]
    assert names(["database"]) == ["logging", "health"]


def test_the_environment_decides_where_nobody_says(labs_that_need, monkeypatch):
    monkeypatch.setenv("LABS_WITHOUT", "database,cache")
    assert names(None) == ["logging", "health"]
    with pytest.raises(UserError, match="orm is not part of this course: it needs a database"):
        find_pattern("orm")


def test_a_folder_that_is_no_lab_yet(labs_that_need, tmp_path):
    (tmp_path / "retry").mkdir()
    with pytest.raises(
        UserError, match=r"There is no .*retry.lesson\.md: a lab is a folder with lesson\.md, checks/ and"
    ):
        find_pattern("retry")


def test_a_name_that_no_import_can_say(labs_that_need, tmp_path):
    (tmp_path / "orm").rename(tmp_path / "the-orm")
    with pytest.raises(UserError, match=r"the-orm can't be a lab's folder: name it the_orm\.$"):
        find_pattern("the-orm")


def test_jupyterlab_hides_the_notebooks_of_what_is_left_out(labs_that_need, monkeypatch):
    monkeypatch.setenv("LABS_WITHOUT", "cache")
    assert _hidden_notebooks() == ["02_caching.ipynb"]


def test_the_orm_goes_as_the_database_does(labs_that_need, monkeypatch, capsys):
    monkeypatch.setenv("LABS_WITHOUT", "")  # the command sets it; this is what puts it back afterwards
    assert main(["check", "orm", "--app", "nothing.py", "--without", "orm"]) == 2
    assert "needs a database" in capsys.readouterr().err
