"""Courses of labs that hold nothing but front matter."""

from __future__ import annotations

import pytest

import labs.course.catalog


@pytest.fixture
def four_labs(tmp_path, monkeypatch):
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
