"""What is handed in is found and named, and what is no notebook is one sentence and harms nobody."""

from __future__ import annotations

import io
import os
import re
import stat
import zipfile

import pytest

from labs.errors import UserError
from labs.grading.submissions.find import find_entries, find_submissions

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
    assert refusal(tmp_path) == "It is not a notebook."


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
        file.truncate(101 * 1024 * 1024)
    assert refusal(tmp_path).startswith("It is larger than 100 MB")


# Archives that are not what they seem


def test_damaged_archives(tmp_path):
    (tmp_path / "ada.zip").write_bytes(b"PK\x03\x04 and nothing more")
    assert refusal(tmp_path) == "It is not a zip archive that can be read: was it sent whole?"
    whole = archive(tmp_path / "whole.zip", {"ada.ipynb": NOTEBOOK * 100}).read_bytes()
    (tmp_path / "whole.zip").write_bytes(whole[:40] + b"\0" * 20 + whole[60:])
    assert "damaged" in refusal(tmp_path / "whole.zip")


def test_an_archive_without_a_notebook(tmp_path):
    assert refusal(archive(tmp_path / "ada.zip", {"essay.txt": b"x"})) == "There is no notebook in this archive."


def test_bombs(tmp_path):
    bomb = archive(tmp_path / "ada.zip", {"ada.ipynb": b"0" * 50_000_000})
    assert refusal(bomb).startswith("It is larger than 100 MB, or packed too tightly")


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
    assert len(content) <= 100 * 1024 * 1024


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


def packed(members):
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return whole.getvalue()


def test_a_learners_archive_in_the_only_one_that_was_given_is_that_learners(tmp_path):
    week = archive(tmp_path / "week.zip", {"ada.zip": packed({"08_caching.ipynb": NOTEBOOK}), "bob.ipynb": NOTEBOOK})
    assert names(week) == [("ada-08_caching", "ada"), ("bob", "bob")]
    assert next(iter(find_entries([week]))).read() == NOTEBOOK


def test_an_archive_in_a_learners_archive_is_not_looked_into(tmp_path):
    deep = {"ada.zip": packed({"more.zip": packed({"08_caching.ipynb": NOTEBOOK})})}
    sentence = "There is no notebook in this archive. It holds another archive: hand in the notebook itself."
    assert refusal(archive(tmp_path / "week.zip", deep)) == sentence
    (tmp_path / "in").mkdir()
    archive(tmp_path / "in" / "ada.zip", {"more.zip": packed({"08_caching.ipynb": NOTEBOOK})})
    assert refusal(tmp_path / "in") == sentence


# Whose it is


def test_what_a_learner_packs_never_says_whose_it_is(tmp_path):
    bob = archive(tmp_path / "bob.zip", {"08_caching.ipynb": NOTEBOOK})
    forged = zipfile.ZipInfo("bob/08_caching.ipynb", (2107, 12, 31, 23, 59, 58))
    with zipfile.ZipFile(tmp_path / "mallory.zip", "w") as file:
        file.writestr(forged, NOTEBOOK)
    for given in ([bob, tmp_path / "mallory.zip"], [tmp_path]):
        found = list(find_entries(given))
        assert [entry.learner for entry in found] == ["bob", "mallory"]
        assert max(entry.modified for entry in found) < 4_000_000_000, "the archive's own time counts"


PLATFORMS = {
    "moodle": [
        ("Ada Lovelace_1234567_assignsubmission_file_/08_caching.ipynb", "Ada Lovelace", 0, False),
        ("Müller Jürgen_1234568_assignsubmission_file_/notes (1).ipynb", "Müller Jürgen", 0, False),
        ("Grace Hopper_1234569_assignsubmission_file_08_caching.ipynb", "Grace Hopper", 0, False),
    ],
    "canvas": [
        ("doejane_12345_678901_08_caching.ipynb", "doejane", 0, False),
        ("doejane_LATE_12345_678902_08_caching-2.ipynb", "doejane", 2, True),
        ("smithjohn_12346_678903_my_own-1.ipynb", "smithjohn", 1, False),
    ],
    "blackboard": [
        ("Caching_jdoe_attempt_2026-11-30-12-34-56_08_caching.ipynb", "jdoe", 0, False),
        ("Caching_jdoe_attempt_2026-11-30-13-00-00_08_caching.ipynb", "jdoe", 0, False),
    ],
    "nbgrader": [
        ("submitted/jdoe/ps1/08_caching.ipynb", "jdoe", 0, False),
        ("submitted/asmith/ps1/08_caching.ipynb", "asmith", 0, False),
    ],
}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_platforms_let_instructors_download(tmp_path, platform):
    expected = PLATFORMS[platform]
    put(tmp_path, *(path for path, *_ in expected))
    for asked in ("", platform) if platform != "nbgrader" else (platform,):
        hand = find_submissions([tmp_path], names=asked)
        assert hand.layout == platform
        assert hand.guessed == (not asked)
        found = sorted((e.learner, e.attempt, e.late, e.modified) for e in hand.entries)
        assert [entry[:3] for entry in found] == sorted(entry[1:] for entry in expected)
    if platform == "blackboard":
        first, second = sorted(hand.entries, key=lambda entry: entry.order)
        assert second.modified - first.modified == 25 * 60 + 4


def test_a_download_in_one_archive_is_named_the_same_way(tmp_path):
    members = dict.fromkeys([path for path, *_ in PLATFORMS["canvas"]], NOTEBOOK)
    hand = find_submissions([archive(tmp_path / "all.zip", members)])
    assert sorted({entry.learner for entry in hand.entries}) == ["doejane", "smithjohn"]


def test_plain_names_on_demand_and_patterns_of_ones_own(tmp_path):
    put(tmp_path, "doejane_12345_678901_08_caching.ipynb", "group7/08_caching.ipynb")
    assert find_submissions([tmp_path]).layout == "", "one file that does not fit is enough not to guess"
    hand = find_submissions([tmp_path], names=r"^(?P<learner>group\d+)/")
    readable = {entry.learner: entry.read for entry in hand.entries}
    assert readable["group7"]() == NOTEBOOK
    (other,) = [read for learner, read in readable.items() if learner != "group7"]
    with pytest.raises(UserError, match="does not fit --names"):
        other()
    assert [entry.learner for entry in find_submissions([tmp_path], names="plain").entries] == [
        "doejane_12345_678901_08_caching",
        "group7",
    ]


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("moodel", "--names moodel is not known: it is one of moodle, canvas, blackboard, nbgrader, or a regular"),
        ("(?P<learner>", "is not a regular expression"),
        ("[a-z]+/", "does not say who it is: it needs a group such as"),
        ("(?P<learner>zz+)", "fits none of the 1 files, such as 'ada.ipynb'."),
        (r"(?P<learner>[a-z])", "fits 'ada.ipynb' more than once"),
        (r"(?P<learner>)ada", "names nobody"),
    ],
)
def test_patterns_that_can_not_be_meant(tmp_path, pattern, sentence):
    put(tmp_path, "ada.ipynb")
    with pytest.raises(UserError, match=re.escape(sentence)):
        find_submissions([tmp_path], names=pattern)


def test_a_thousand_notebooks_of_one_learner_are_a_few_and_a_sentence(tmp_path):
    many = archive(tmp_path / "ada.zip", {f"{number}.ipynb": NOTEBOOK for number in range(1000)})
    found = list(find_entries([many, put(tmp_path, "bob.ipynb") / "bob.ipynb"]))
    assert len(found) == 102
    with pytest.raises(UserError, match="ada has handed in more than 100 notebooks"):
        found[100].read()


# What it is called


@pytest.mark.parametrize("name", ["ada.ipynb.json", "ada.ipynb.txt", "ada.json", "ada", "ada.ipynb (1)"])
def test_a_file_is_what_it_contains(tmp_path, name):
    put(tmp_path, name)
    (entry,) = find_entries([tmp_path])
    assert entry.read() == NOTEBOOK
    (entry,) = find_entries([archive(tmp_path / "week.zip", {"ada.ipynb.json": NOTEBOOK})])
    assert entry.read() == NOTEBOOK


def test_an_archive_by_another_name(tmp_path):
    archive(tmp_path / "ada.ipynb", {"08_caching.ipynb": NOTEBOOK})
    assert names(tmp_path) == [("ada-08_caching", "ada")]
