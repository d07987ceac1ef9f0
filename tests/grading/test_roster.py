"""A class list gives submissions their people, and says who is missing."""

from __future__ import annotations

import pytest

from labs.errors import UserError
from labs.grading.roster import read_roster


@pytest.fixture
def roster(tmp_path):
    def make(text, encoding="utf-8"):
        (tmp_path / "class.csv").write_bytes(text.encode(encoding))
        return read_roster(tmp_path / "class.csv")

    return make


CANVAS = 'Student,ID,SIS Login ID\n"Lovelace, Ada",12345,alovelace\n"Müller, Jürgen",12346,jm\n'
MOODLE = (
    "First name;Surname;ID number;Email address\nAda;Lovelace;77;ada@example.com\nGrace;Hopper;78;grace@example.com\n"
)


@pytest.mark.parametrize(
    ("text", "learner", "name"),
    [
        (CANVAS, "lovelaceada", "Lovelace, Ada"),
        (CANVAS, "alovelace", "Lovelace, Ada"),
        (CANVAS, "12346", "Müller, Jürgen"),
        (CANVAS, "Jürgen Müller", "Müller, Jürgen"),
        ("\ufeff" + MOODLE, "Grace Hopper", "Grace Hopper"),
        (MOODLE, "ada", "Ada Lovelace"),
        (MOODLE, "ADA@example.com", "Ada Lovelace"),
        (MOODLE.replace(";", "\t"), "78", "Grace Hopper"),
    ],
)
def test_people_are_found_by_what_their_files_are_called(roster, text, learner, name):
    assert roster(text).find(learner).full_name == name


def test_strangers_and_absentees(roster):
    people = roster(MOODLE)
    assert people.find("mallory") is None
    assert [person.email for person in people.absent(["ada", "mallory"])] == ["grace@example.com"]


def test_two_people_of_one_name_are_told_apart_or_refused(roster):
    people = roster("id,name\n1,Jo Doe\n2,Jo Doe\n")
    assert people.find("1").line == 2
    with pytest.raises(
        UserError, match=r"2 people who may be 'Jo Doe' \(lines 2 and 3\): give them a column, such as id"
    ):
        people.find("Jo Doe")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "needs a heading with some of id, email"),
        ("colour,size\nred,1\n", "it has colour, size."),
        ("id,name\n1,Ada\n1,Grace\n", "has '1' in lines 2 and 3: one person, one line."),
    ],
)
def test_lists_that_are_none(roster, text, sentence):
    with pytest.raises(UserError, match=sentence):
        roster(text)


def test_other_encodings_and_no_file(roster, tmp_path):
    with pytest.raises(UserError, match="is not UTF-8: save it as CSV UTF-8"):
        roster("name\nMüller\n", "latin-1")
    with pytest.raises(UserError, match="can't be read: No such file"):
        read_roster(tmp_path / "other.csv")
