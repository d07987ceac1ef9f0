"""The progress file: it survives restarts and other writers, and nothing in it can stop a learner."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from labs.course.progress import LabProgress, Progress, default_path

DONE = LabProgress(passed=["test_a", "test_b"], checks=3, hints={"greet": 2}, solutions=["count"])


@pytest.fixture
def path(tmp_path):
    return tmp_path / ".labs" / "progress.json"


def test_progress_survives_a_restart_and_leaves_other_labs_alone(path):
    Progress(path).save("caching", DONE)
    Progress(path).save("pagination", LabProgress(passed=["test_c"], checks=1))
    again = Progress(path)
    assert again.lab("caching") == DONE
    assert again.labs() == {"caching": DONE, "pagination": LabProgress(passed=["test_c"], checks=1)}
    assert again.lab("never opened") == LabProgress()
    assert again.problem == ""
    assert {file.name for file in path.parent.iterdir()} == {"progress.json", "progress.lock"}


def test_nothing_is_kept_without_a_path():
    progress = Progress(None)
    progress.save("caching", DONE)
    assert (progress.lab("caching"), progress.labs(), progress.problem) == (LabProgress(), {}, "")


def test_the_file_is_in_the_clone_or_where_the_environment_says(monkeypatch):
    monkeypatch.delenv("LABS_PROGRESS", raising=False)
    assert default_path(Path("/clone")) == Path("/clone/.labs/progress.json")
    monkeypatch.setenv("LABS_PROGRESS", "/elsewhere/mine.json")
    assert default_path(Path("/clone")) == Path("/elsewhere/mine.json")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff\xfe\x00", b'{"version": 1}', b'{"version": 1, "labs": []}', b'{"labs": {}}',
     b'{"version": "one", "labs": {}}', b'{"version": 1, "labs": {"caching": ' + b"[" * 100_000],
)  # fmt: skip
def test_a_corrupt_file_is_kept_aside_and_starts_anew(path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    progress = Progress(path)
    assert progress.lab("caching") == LabProgress()
    assert progress.problem.startswith("The progress file could not be read and starts anew; the old one is kept as ")
    assert (path.parent / "progress.broken.json").read_bytes() == content
    progress.save("caching", DONE)
    assert Progress(path).lab("caching") == DONE


@pytest.mark.parametrize(
    ("entry", "understood"),
    [
        (None, LabProgress()),
        ([1], LabProgress()),
        ({"passed": 5, "checks": "x", "hints": ["a"], "solutions": None}, LabProgress()),
        (
            {"passed": ["a", 5], "hints": {"x": "many", "y": 1, "z": -1}},
            LabProgress(passed=["a"], hints={"y": 1}),
        ),
        ({"passed": ["a"], "stars": 5}, LabProgress(passed=["a"])),
    ],
)
def test_an_entry_that_is_odd_is_read_as_far_as_it_makes_sense(path, entry, understood):
    path.parent.mkdir()
    path.write_text(json.dumps({"version": 1, "labs": {"odd": entry, "fine": {"passed": ["b"]}}}))
    progress = Progress(path)
    assert progress.labs() == {"odd": understood, "fine": LabProgress(passed=["b"])}
    assert progress.problem == ""


def test_a_newer_releases_file_is_read_and_not_written(path):
    path.parent.mkdir()
    text = json.dumps({"version": 2, "labs": {"caching": {"passed": ["test_a"], "medal": "gold"}}, "rank": 7})
    path.write_text(text)
    progress = Progress(path)
    assert progress.lab("caching").passed == ["test_a"]
    progress.save("caching", DONE)
    assert path.read_text() == text
    assert "was written by a newer release" in progress.problem


@pytest.mark.parametrize("obstacle", ["a file for a folder", "a folder that can't be written", "a folder for a file"])
def test_a_disk_that_can_not_be_written_is_a_sentence(path, obstacle, monkeypatch):
    if obstacle == "a file for a folder":
        path.parent.write_text("")
    elif obstacle == "a folder for a file":
        (path / "inside").mkdir(parents=True)
        monkeypatch.setattr(os, "replace", refuse)
    else:
        monkeypatch.setattr("tempfile.mkstemp", refuse)  # root may write everywhere
    progress = Progress(path)
    assert progress.lab("caching") == LabProgress()
    progress.save("caching", DONE)
    assert progress.problem.startswith(f"Your progress could not be saved in {path} (")
    assert progress.problem.endswith("); the checks work without.")
    assert not list(path.parent.glob("progress-*"))


def refuse(*args, **options):
    raise PermissionError(13, "Permission denied")


def test_two_writers_lose_nothing_of_each_other(path):
    def write(name):
        progress = Progress(path)
        for number in range(40):
            progress.save(f"{name}-{number}", LabProgress(checks=number))

    writers = [threading.Thread(target=write, args=(name,)) for name in ("one", "two", "three")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(30)
    assert len(Progress(path).labs()) == 120


def test_a_writer_that_dies_halfway_leaves_the_old_file(path, monkeypatch):
    progress = Progress(path)
    progress.save("caching", DONE)

    def die(source, target):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", die)
        progress.save("caching", LabProgress())
    assert "No space left on device" in progress.problem
    assert Progress(path).lab("caching") == DONE
    assert {file.name for file in path.parent.iterdir()} == {"progress.json", "progress.lock"}
