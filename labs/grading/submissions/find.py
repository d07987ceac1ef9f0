"""Find the submissions in what was handed in: notebooks, folders of them, and zip archives, none of them trusted."""

from __future__ import annotations

import dataclasses
import itertools
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from labs.errors import UserError
from labs.grading.submissions.archives import MAX_MEMBERS, in_archive
from labs.grading.submissions.found import Found, ignored, refuse
from labs.grading.submissions.layouts import Layout, guess_layout, layout_of
from labs.grading.submissions.names import Name, Names
from labs.grading.submissions.plainfile import LOCK, MAX_BYTES, TOO_LARGE, kind_of, read_bytes

if TYPE_CHECKING:
    from labs.grading.storage.remote import RemoteFile

__all__ = ["Entry", "Hand", "find_entries", "find_submissions"]

MAX_DEPTH = 12  # folders inside each other
MAX_EACH = 100  # notebooks of one learner
NOT_A_NOTEBOOK = "It is not a notebook."


@dataclass(frozen=True, slots=True)
class Entry:
    """One notebook that was handed in, or something in its place."""

    submission: str  # unique and safe as a folder's name
    learner: str
    source: str  # for people: a path, or "archive.zip!member"
    modified: float  # seconds since 1970, as the instructor's files say
    read: Callable[[], bytes]  # raises UserError with one sentence
    remote: bool = False  # reading it takes its time
    attempt: int = 0  # as the learning platform counts; 0 where it does not
    late: bool = False  # as the learning platform says
    order: tuple[float, ...] = ()  # of two notebooks of one learner for one lab, the one with the higher order counts


@dataclass(frozen=True, slots=True)
class Hand:
    """All that was handed in, and by which layout its learners are named."""

    entries: list[Entry]
    layout: str = ""  # a platform's name or a pattern; empty: by what the paths say
    guessed: bool = False  # nobody asked for the layout: the paths are unmistakable


def find_submissions(given: Iterable[Path | str], apart: Path | None = None, names: str = "") -> Hand:
    """Everything that was handed in, in a fixed order; the folder `apart` holds no submissions, wherever it is.

    `names` is a platform's name, a regular expression with named groups, "plain" for what the paths say, or empty for
    a guess, which is made only when every path fits the layout of one platform. Raises UserError when a path or URL is
    not there, and when a pattern fits no path.
    """
    places = list(given)
    alone = len(places) == 1
    found = [(one, place) for place in places for one in _find_at_place(place, apart, alone=alone)]
    paths = [one.parts for one, _ in found]
    if names in ("", "plain"):
        layout = guess_layout(paths) if not names else None
    else:
        layout = layout_of(names)
        _must_fit(layout, paths)
    naming = Names(several=not alone, layout=layout)
    entries = [_entry(one, naming.name(one, place), layout, place) for one, place in found]
    return Hand(list(_bounded(entries)), layout.name if layout else "", guessed=bool(layout) and not names)


def find_entries(given: Iterable[Path | str], apart: Path | None = None) -> list[Entry]:
    """The entries of `find_submissions` alone."""
    return find_submissions(given, apart).entries


def _must_fit(layout: Layout, paths: Sequence[Sequence[str]]) -> None:
    if not any(layout.who(parts) is not None for parts in paths):
        example = "/".join(paths[0]) if paths else "nothing"
        raise UserError(f"--names {layout.name} fits none of the {len(paths)} files, such as {example!r}.")


def _entry(found: Found, name: Name, layout: Layout | None, place: Path | str) -> Entry:
    modified = _seconds(name.time) or found.modified
    read = found.read
    if not name.fits and layout is not None:
        read = refuse(f"Its path does not fit --names {layout.name}: it is not known whose it is.")
    order = (float(name.attempt), modified, found.inner_time)
    return Entry(
        name.submission,
        name.learner,
        found.source,
        modified,
        read,
        isinstance(place, str),
        attempt=name.attempt,
        late=name.late,
        order=order,
    )


def _bounded(entries: Iterable[Entry]) -> Iterator[Entry]:
    """At most so many of one learner: the first one too many says so, and stands for the rest."""
    counts: Counter[str] = Counter()
    for entry in entries:
        counts[entry.learner] += 1
        if counts[entry.learner] <= MAX_EACH:
            yield entry
        elif counts[entry.learner] == MAX_EACH + 1:
            sentence = f"{entry.learner} has handed in more than {MAX_EACH} notebooks: the rest was left out."
            yield dataclasses.replace(entry, read=refuse(sentence))


def _seconds(time: str) -> float:
    """Seconds since 1970 of a time such as 2026-11-30-12-34-56; 0 when it is not one."""
    try:
        return datetime.strptime(time, "%Y-%m-%d-%H-%M-%S").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0


def _find_at_place(place: Path | str, apart: Path | None, *, alone: bool) -> Iterator[Found]:
    return _find_at(place, alone=alone) if isinstance(place, str) else _find(place, apart, alone=alone)


def _find(path: Path, apart: Path | None, *, alone: bool) -> Iterator[Found]:
    if not os.path.lexists(path):
        raise UserError(f"There is no {path}: check the path of the submissions.")
    if path.is_dir() and not path.is_symlink():
        empty = True
        for found in _in_folder(path, (), 0, apart):
            empty = False
            yield found
        if empty:
            raise UserError(f"There is no notebook in {path}: give the folder that holds the submissions.")
    elif _kind(path) == "archive":
        # One archive alone is what a learning platform hands out; of several, each is its learner's own.
        yield from in_archive(path, () if alone else (path.name,), collection=alone)
    else:
        yield _file(path, (path.name,))


def _find_at(url: str, *, alone: bool) -> Iterator[Found]:
    """The submissions at a URL. There are no links and no FIFOs at URLs, and folders exist only in names."""
    from labs.grading.storage.remote import Remote

    files = [file for file in Remote(url).files() if not any(map(ignored, file.parts))]
    kinds = [_kind_by_name(file.name) for file in files]
    above = {
        parent for file, kind in zip(files, kinds, strict=True) if kind for parent in PurePosixPath(*file.parts).parents
    }
    for file, kind in zip(files, kinds, strict=True):
        folder = PurePosixPath(*file.parts).parent
        if kind == "archive":
            collection = alone and len(files) == 1 and not file.parts
            yield from in_archive(file, file.parts or (file.name,), collection=collection)
        elif kind == "notebook" or (not file.name.startswith(".") and (len(file.parts) == 1 or folder not in above)):
            yield Found(file.parts or (file.name,), str(file), file.modified, _reader_of(file, kind))
    if not files:
        raise UserError(f"There is no notebook in {url}: give the folder that holds the submissions.")


def _reader_of(file: RemoteFile, kind: str) -> Callable[[], bytes]:
    if kind != "notebook":
        return refuse(NOT_A_NOTEBOOK)
    if file.size > MAX_BYTES:
        return refuse(TOO_LARGE)

    def read() -> bytes:
        try:
            content = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise UserError(f"It can't be read: {error.strerror}.") from None
        if len(content) > MAX_BYTES:
            raise UserError(TOO_LARGE)
        return content

    return read


def _holds_results(folder: Path) -> bool:
    """Whether `labs grade` has written here, now or in an earlier run with another --out."""
    return (folder / LOCK).is_file() and (folder / "submissions").is_dir()


def _file(path: Path, parts: tuple[str, ...]) -> Found:
    try:
        modified = path.lstat().st_mtime
    except OSError:
        modified = 0.0
    return Found(parts, str(path), modified, lambda: _notebook(path))


def _notebook(path: Path) -> bytes:
    if not _kind_by_name(path.name) and path.is_file() and not path.is_symlink() and not kind_of(path):
        raise UserError(NOT_A_NOTEBOOK)
    return read_bytes(path)


def _kind_by_name(name: str) -> str:
    """What a file seems to be: "notebook", "archive" or, for anything else, ""."""
    if name.lower().endswith(".zip"):
        return "archive"
    return "notebook" if ".ipynb" in name.lower() else ""


def _kind(path: Path) -> str:
    """What a plain file is: what it contains, else what its name says, so that what is wrong with it can be told."""
    mode = path.lstat().st_mode if os.path.lexists(path) else 0
    return (kind_of(path) if stat.S_ISREG(mode) else "") or _kind_by_name(path.name)


def _in_folder(folder: Path, above: tuple[str, ...], depth: int, apart: Path | None) -> Iterator[Found]:
    """The notebooks and archives of a folder; of a folder with none of them, whatever is there instead."""
    try:
        with os.scandir(folder) as scan:
            names = sorted(entry.name for entry in scan if not ignored(entry.name))
    except OSError as error:
        yield Found((*above, folder.name)[-1:], str(folder), 0.0, refuse(f"It can't be read: {error.strerror}."))
        return
    if depth > MAX_DEPTH:
        yield Found(above, str(folder), 0.0, refuse(f"Its folders are more than {MAX_DEPTH} deep."))
        return
    found = False
    others: list[Path] = []
    for name in names:
        path = folder / name
        mode = path.lstat().st_mode if os.path.lexists(path) else 0
        if stat.S_ISDIR(mode):
            if _holds_results(path) or (apart is not None and path.resolve() == apart.resolve()):
                continue
            below = list(itertools.islice(_in_folder(path, (*above, name), depth + 1, apart), MAX_MEMBERS))
            found = found or bool(below)
            yield from below
        elif (kind := _kind(path)) == "archive" and stat.S_ISREG(mode):
            found = True
            yield from in_archive(path, (*above, name))
        elif kind == "notebook":
            found = True
            yield _file(path, (*above, name))
        elif not name.startswith("."):
            others.append(path)
    for path in others if depth == 0 or not found else ():
        yield _file(path, (*above, path.name))
