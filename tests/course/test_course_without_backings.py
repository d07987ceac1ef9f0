"""The course cut to a template's values: `--without database`, `--without cache`."""

from __future__ import annotations

import pytest

from labs.cli import main
from labs.course.catalog import find_pattern, find_patterns
from labs.errors import UserError
from labs.notebook.jupyterlab import _hidden_notebooks


def names(without):
    return [pattern.name for pattern in find_patterns(without)]


def test_a_lab_goes_with_what_it_needs_and_stays_with_what_it_uses(four_labs):
    assert names([]) == ["logging", "orm", "caching", "health"]
    assert names(["cache"]) == ["logging", "orm", "health"]
    assert names(["database"]) == ["logging", "health"]


def test_the_environment_decides_where_nobody_says(four_labs, monkeypatch):
    monkeypatch.setenv("LABS_WITHOUT", "database,cache")
    assert names(None) == ["logging", "health"]
    with pytest.raises(UserError, match="orm is not part of this course: it needs a database"):
        find_pattern("orm")


def test_jupyterlab_hides_the_notebooks_of_what_is_left_out(four_labs, monkeypatch):
    monkeypatch.setenv("LABS_WITHOUT", "cache")
    assert _hidden_notebooks() == ["02_caching.ipynb"]


def test_the_orm_goes_as_the_database_does(four_labs, monkeypatch, capsys):
    monkeypatch.setenv("LABS_WITHOUT", "")  # the command sets it; this is what puts it back afterwards
    assert main(["check", "orm", "--app", "nothing.py", "--without", "orm"]) == 2
    assert "needs a database" in capsys.readouterr().err
