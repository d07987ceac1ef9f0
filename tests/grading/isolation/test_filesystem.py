"""What a kernel may read is a list of what Python needs, wherever the clone stands."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from labs.course.catalog import ROOT
from labs.grading.isolation import filesystem
from labs.grading.isolation.sandbox import Tier

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="isolation needs Linux")


def shown(path):
    return any(path.is_relative_to(root) for root in filesystem.readable() if not root.is_symlink())


@pytest.mark.parametrize(
    "place", ["/usr/src/app", "/usr/local/workbook", "/opt/app", "/srv", "/home/ada", "/var/lib/results", "/etc/passwd"]
)
def test_no_tree_of_the_system_is_shown_in_which_somebody_may_keep_a_clone(place):
    assert not shown(Path(place))


def test_what_python_needs_is_shown():
    import sqlite3
    import ssl

    for module in (os, ssl, sqlite3, pytest):
        assert shown(Path(module.__file__).resolve()), module
    assert shown(Path(sys.executable).resolve())


def test_the_rest_of_a_clone_is_covered_even_where_it_lies_in_something_shown():
    hidden = filesystem.hidden()
    assert filesystem.PACKAGE / "patterns" in hidden
    assert {ROOT / "solutions", ROOT / "notebooks", ROOT / "tests"} <= set(hidden)
    assert not any(Path(sys.prefix).is_relative_to(folder) for folder in hidden)


def test_the_home_of_whoever_grades_must_not_be_read(tmp_path, monkeypatch):
    (tmp_path / "secret").write_text("x", "utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert tmp_path / "secret" in filesystem.must_not_be_read()


def test_doctor_says_so_when_something_stays_readable(tmp_path, monkeypatch):
    from labs.grading.isolation import tiers

    if Tier.NAMESPACES not in tiers.explore().tiers:
        pytest.skip("no namespaces here")
    monkeypatch.setattr(filesystem, "must_not_be_read", lambda: [Path(os.__file__)])
    assert "must not read stay readable" in tiers.explore().problems[Tier.NAMESPACES]
