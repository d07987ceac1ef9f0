"""A class list: whose submission it is by name and e-mail address, and who has handed in nothing."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from labs.errors import UserError

__all__ = ["Person", "Roster", "read_roster"]

MAX_BYTES = 10 * 1024 * 1024
# What learning platforms call the columns of the class lists that they export, in lower case without punctuation.
_COLUMNS = {
    "id": ("id", "studentid", "idnumber", "sisuserid", "username", "login", "loginid", "sisloginid", "learner", "user"),
    "email": ("email", "emailaddress", "mail"),
    "first": ("firstname", "givenname", "first"),
    "last": ("lastname", "surname", "familyname", "last"),
    "name": ("name", "fullname", "student", "studentname"),
}


@dataclass(frozen=True, slots=True)
class Person:
    """One line of the list; empty where it does not say."""

    line: int  # in the file, the heading being line 1
    ids: tuple[str, ...]  # every column that identifies: student number, login, …
    email: str
    first_name: str
    last_name: str
    name: str

    @property
    def student_id(self) -> str:
        """What gradebooks know this person by."""
        return next(filter(None, (*self.ids, self.email, self.full_name)), "")

    @property
    def full_name(self) -> str:
        """First name and last name, or what the list has in one column."""
        return f"{self.first_name} {self.last_name}".strip() or self.name

    def calls(self) -> set[str]:
        """The names that a file of this person may have, each as `_plain` makes it."""
        names = [*self.ids, self.email, self.email.partition("@")[0], self.full_name, self.name]
        names += [f"{self.last_name} {self.first_name}", f"{self.last_name}{self.first_name}"]
        if "," in self.name:  # "Lovelace, Ada"
            last, _, first = self.name.partition(",")
            names += [f"{first} {last}", f"{last}{first}"]
        return {plain for name in names if (plain := _plain(name))}


class Roster:
    """The people of a class, found by what their submissions are called."""

    def __init__(self, people: Iterable[Person]) -> None:
        self.people = list(people)
        self._by_call: dict[str, list[Person]] = {}
        for person in self.people:
            for call in person.calls():
                self._by_call.setdefault(call, []).append(person)

    def find(self, learner: str) -> Person | None:
        """The person that a submission's learner is; None for nobody. Raises UserError when it may be two people."""
        found = self._by_call.get(_plain(learner), [])
        if len(found) > 1:
            lines = " and ".join(str(person.line) for person in found[:2])
            raise UserError(
                f"The roster has {len(found)} people who may be {learner!r} (lines {lines}): "
                "give them a column, such as id, by which their files tell them apart."
            )
        return found[0] if found else None

    def absent(self, learners: Iterable[str]) -> list[Person]:
        """The people without any of these submissions, in the order of the list."""
        present = {found.line for learner in learners if (found := self.find(learner)) is not None}
        return [person for person in self.people if person.line not in present]


def read_roster(path: Path) -> Roster:
    """Read a class list as CSV with a heading. Raises UserError with one sentence."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UserError(f"{path} is larger than {MAX_BYTES // 1024 // 1024} MB: it is not a class list.")
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise UserError(f"The roster {path} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise UserError(f"The roster {path} is not UTF-8: save it as CSV UTF-8.") from None
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)))
    except csv.Error as error:
        raise UserError(f"The roster {path} can't be read as CSV: {error}.") from None
    heading = [_column(name) for name in rows[0]] if rows else []
    if not {"id", "email", "name", "first", "last"}.intersection(heading):
        raise UserError(
            f"The roster {path} needs a heading with some of id, email, first_name, last_name, name; "
            f"it has {', '.join(rows[0])[:200] if rows else 'nothing'}."
        )
    people = [_person(line, heading, row) for line, row in enumerate(rows[1:], 2) if any(map(str.strip, row))]
    _refuse_twins(people, path)
    return Roster(people)


def _delimiter(text: str) -> str:
    """The character that the heading has most of: spreadsheets write commas, semicolons or tabs."""
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)


def _column(title: str) -> str:
    plain = re.sub(r"[^a-z]", "", title.casefold())
    return next((kind for kind, titles in _COLUMNS.items() if plain in titles), "")


def _person(line: int, heading: list[str], row: list[str]) -> Person:
    cells = [(kind, " ".join(cell.split())) for kind, cell in zip(heading, row, strict=False)]

    def first(kind: str) -> str:
        return next((cell for known, cell in cells if known == kind and cell), "")

    ids = tuple(cell for kind, cell in cells if kind == "id" and cell)
    return Person(line, ids, first("email"), first("first"), first("last"), first("name"))


def _refuse_twins(people: list[Person], path: Path) -> None:
    seen: dict[str, int] = {}
    for person in people:
        for key in {*person.ids, person.email} - {""}:
            line = seen.setdefault(_plain(key), person.line)
            if line != person.line:
                raise UserError(
                    f"The roster {path} has {key!r} in lines {line} and {person.line}: one person, one line."
                )


def _plain(name: str) -> str:
    """A name without case, accents' composition, punctuation and white space, as file names have them or not."""
    text = unicodedata.normalize("NFKC", name).casefold()
    return "".join(char for char in text if char.isalnum() or char == "@")
