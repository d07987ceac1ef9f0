"""What is handed in is found and named, and what is not a notebook is one sentence and harms nobody."""

from __future__ import annotations

import os

import pytest

from labs.errors import UserError
from labs.grading.submissions.find import find_entries

from .conftest import NOTEBOOK, archive, names, put, refusal


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


def test_a_path_that_is_not_there_or_holds_nothing(tmp_path):
    with pytest.raises(UserError, match=r"There is no .*none: check the path of the submissions\."):
        list(find_entries([tmp_path / "none"]))
    with pytest.raises(UserError, match=r"There is no notebook in .*: give the folder"):
        list(find_entries([tmp_path]))


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
