"""What is handed in is found and named, and what is no notebook is one sentence and harms nobody."""

from __future__ import annotations

import io
import os
import stat
import zipfile

import pytest

from labs.errors import UserError
from labs.grading.submissions.find import find_entries

NOTEBOOK = b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'


def names(*paths):
    return [(entry.submission, entry.learner) for entry in find_entries(paths)]


def refusal(path):
    (entry,) = find_entries([path])
    with pytest.raises(UserError) as error:
        entry.read()
    return str(error.value)


def put(folder, *paths):
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(NOTEBOOK)
    return folder


def archive(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return path


def test_a_notebook_is_its_learners_by_its_name(tmp_path):
    assert names(put(tmp_path, "ada.ipynb") / "ada.ipynb") == [("ada", "ada")]


@pytest.mark.parametrize(
    "path", ["ada/08_caching.ipynb", "caching/ada.ipynb", "08_caching/ada.ipynb", "ada/caching/Caching.ipynb"]
)
def test_names_of_labs_are_no_names_of_learners(tmp_path, path):
    ((_, learner),) = names(put(tmp_path, path))
    assert learner == "ada"


def test_a_learner_may_hand_in_several_labs(tmp_path):
    put(tmp_path, "ada/08_caching.ipynb", "ada/02_exceptions.ipynb", "bob/08_caching.ipynb")
    assert names(tmp_path) == [
        ("ada-02_exceptions", "ada"),
        ("ada-08_caching", "ada"),
        ("bob-08_caching", "bob"),
    ]


def test_names_that_fall_together_are_kept_apart(tmp_path):
    put(tmp_path, "a b.ipynb", "a_b.ipynb", "A_B.ipynb")
    put(tmp_path, "a_b-2.ipynb")  # what the second one is called
    found = [submission for submission, _ in names(tmp_path)]
    assert len({name.lower() for name in found}) == 4


def test_of_several_archives_or_folders_each_is_its_learners(tmp_path):
    ada = archive(tmp_path / "ada.zip", {"08_caching.ipynb": NOTEBOOK})
    put(tmp_path, "bob/08_caching.ipynb", "cy/08_caching.ipynb")
    found = names(ada, tmp_path / "bob", tmp_path / "cy" / "08_caching.ipynb")
    assert found == [("ada-08_caching", "ada"), ("bob-08_caching", "bob"), ("cy-08_caching", "cy")]


def test_results_among_the_submissions_are_none(tmp_path):
    put(tmp_path, "ada.ipynb", "results/submissions/ada/executed.ipynb")
    (tmp_path / "results" / "summary.html").write_text("")
    assert [entry.learner for entry in find_entries([tmp_path], tmp_path / "results")] == ["ada"]


@pytest.mark.parametrize(
    "name",
    [
        "\U00020000" * 60 + "/" + "\U00020000" * 60,
        "\x1b[2J\nada",
        "\u202eevil",
        "..",
        "-rf",
        "a" * 180,
        "=cmd()",
        "naïve Ünï",
    ],
)
def test_any_name_becomes_a_safe_folder(tmp_path, name):
    ((submission, _),) = names(put(tmp_path, f"{name}/notebook.ipynb" if name != ".." else "...ipynb"))
    assert submission
    assert submission.isprintable()
    assert not submission.startswith(("-", "."))
    assert "/" not in submission
    assert len(submission.encode()) < 250


def test_checkpoints_and_what_systems_leave_are_passed_over(tmp_path):
    put(tmp_path, "ada.ipynb", "._ada.ipynb", ".ipynb_checkpoints/ada.ipynb", "__MACOSX/ada.ipynb")
    assert names(tmp_path) == [("ada", "ada")]


def test_an_archive_is_read_like_a_folder(tmp_path):
    archive(tmp_path / "week.zip", {"ada/08_caching.ipynb": NOTEBOOK, "bob.ipynb": NOTEBOOK, "readme.txt": b"x"})
    assert [learner for _, learner in names(tmp_path / "week.zip")] == ["ada", "bob"]
    assert next(iter(find_entries([tmp_path / "week.zip"]))).read() == NOTEBOOK


def test_an_archive_with_the_separators_of_windows(tmp_path):
    archive(tmp_path / "week.zip", {"ada\\08_caching.ipynb": NOTEBOOK})
    assert names(tmp_path / "week.zip") == [("ada-08_caching", "ada")]


def test_an_archive_in_a_folder_is_its_learners(tmp_path):
    archive(tmp_path / "ada.zip", {"08_caching.ipynb": NOTEBOOK})
    assert names(tmp_path) == [("ada-08_caching", "ada")]


def test_a_path_that_is_not_there_or_holds_nothing(tmp_path):
    with pytest.raises(UserError, match=r"There is no .*none: check the path of the submissions\."):
        list(find_entries([tmp_path / "none"]))
    with pytest.raises(UserError, match=r"There is no notebook in .*: give the folder"):
        list(find_entries([tmp_path]))


# What is no notebook


def test_other_files(tmp_path):
    (tmp_path / "essay.docx").write_bytes(b"PK")
    assert refusal(tmp_path) == "It is no notebook: its name does not end in .ipynb."


def test_links(tmp_path):
    (tmp_path / "there.txt").write_bytes(NOTEBOOK)
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "ada.ipynb").symlink_to(tmp_path / "there.txt")
    assert refusal(folder) == "It is a symbolic link, not a file: hand in the notebook itself."


def test_folders_that_are_links_are_not_followed(tmp_path):
    put(tmp_path / "elsewhere", "secret.ipynb")
    put(tmp_path / "in", "ada.ipynb")
    (tmp_path / "in" / "more").symlink_to(tmp_path / "elsewhere")
    assert "secret" not in [learner for _, learner in names(tmp_path / "in")]


def test_pipes_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "ada.ipynb")
    assert refusal(tmp_path) == "It is not a plain file."


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_files(tmp_path):
    put(tmp_path, "ada.ipynb")
    (tmp_path / "ada.ipynb").chmod(0)
    assert refusal(tmp_path) == "It can't be read: Permission denied."


def test_huge_files(tmp_path):
    with (tmp_path / "ada.ipynb").open("wb") as file:
        file.truncate(6 * 1024 * 1024)
    assert refusal(tmp_path).startswith("It is larger than 5 MB")


# Archives that are not what they seem


def test_damaged_archives(tmp_path):
    (tmp_path / "ada.zip").write_bytes(b"PK\x03\x04 and nothing more")
    assert refusal(tmp_path) == "It is no zip archive that can be read: was it sent whole?"
    whole = archive(tmp_path / "whole.zip", {"ada.ipynb": NOTEBOOK * 100}).read_bytes()
    (tmp_path / "whole.zip").write_bytes(whole[:40] + b"\0" * 20 + whole[60:])
    assert "damaged" in refusal(tmp_path / "whole.zip")


def test_an_archive_without_a_notebook(tmp_path):
    assert refusal(archive(tmp_path / "ada.zip", {"essay.txt": b"x"})) == "There is no notebook in this archive."


def test_bombs(tmp_path):
    bomb = archive(tmp_path / "ada.zip", {"ada.ipynb": b"0" * 50_000_000})
    assert refusal(bomb).startswith("It is larger than 5 MB, or packed too tightly")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_ways_of_packing_that_unpack_without_a_limit(tmp_path, method):
    with zipfile.ZipFile(tmp_path / "ada.zip", "w", method) as packed:
        packed.writestr("ada.ipynb", NOTEBOOK)
    assert refusal(tmp_path / "ada.zip").startswith("It is packed in an unusual way")


def test_a_member_without_a_name(tmp_path):
    data = archive(tmp_path / "ada.zip", {"x": b"", "ada.ipynb": NOTEBOOK}).read_bytes()
    (tmp_path / "ada.zip").write_bytes(data.replace(b"x", b"\0"))
    assert names(tmp_path / "ada.zip") == [("ada", "ada")]


def test_an_archive_that_lies_about_its_sizes(tmp_path):
    data = bytearray(archive(tmp_path / "ada.zip", {"ada.ipynb": b"0" * 50_000_000}).read_bytes())
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.index(signature) + offset
        data[at : at + 4] = (1000).to_bytes(4, "little")
    (tmp_path / "ada.zip").write_bytes(data)
    (entry,) = find_entries([tmp_path / "ada.zip"])
    try:
        content = entry.read()
    except UserError:
        return
    assert len(content) <= 5 * 1024 * 1024


def test_links_and_ways_out_in_an_archive(tmp_path):
    link = zipfile.ZipInfo("link.ipynb")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "ada.zip", "w") as packed:
        packed.writestr(link, "/etc/passwd")
        packed.writestr("../../up.ipynb", NOTEBOOK)
        packed.writestr("/root.ipynb", NOTEBOOK)
    for entry in find_entries([tmp_path / "ada.zip"]):
        with pytest.raises(UserError, match="symbolic link|leads out of it"):
            entry.read()
        assert "/" not in entry.submission


def test_too_many_members(tmp_path, monkeypatch):
    monkeypatch.setattr("labs.grading.submissions.archives.MAX_MEMBERS", 10)
    full = archive(tmp_path / "ada.zip", {f"{number}.ipynb": NOTEBOOK for number in range(11)})
    assert refusal(full) == "The archive has more than 10 members."


def test_an_archive_in_an_archive_is_no_notebook(tmp_path):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as packed:
        packed.writestr("ada.ipynb", NOTEBOOK)
    assert "no notebook" in refusal(archive(tmp_path / "ada.zip", {"inner.zip": inner.getvalue()}))
