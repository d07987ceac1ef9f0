"""Whose a file is, however it came: platforms' names, patterns, archives in archives, and other names."""

from __future__ import annotations

import io
import re
import zipfile

import pytest

from labs.errors import UserError
from labs.grading.submissions.find import find_entries, find_submissions

from .conftest import NOTEBOOK, archive, names, put, refusal


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
