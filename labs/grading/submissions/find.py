"""Find the submissions in what was handed in: notebooks, folders of them, and zip archives, none of them trusted."""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from labs.errors import UserError
from labs.grading.submissions.archives import MAX_MEMBERS, in_archive
from labs.grading.submissions.found import Found, ignored, refuse
from labs.grading.submissions.names import Names
from labs.grading.submissions.plainfile import MAX_BYTES, read_bytes

if TYPE_CHECKING:
    from labs.grading.storage.remote import RemoteFile

__all__ = ["Entry", "find_entries"]

MAX_DEPTH = 12  # folders inside each other
TOO_LARGE = f"It is larger than {MAX_BYTES // 1024 // 1024} MB: clear its outputs and hand it in again."


@dataclass(frozen=True, slots=True)
class Entry:
    """One notebook that was handed in, or something in its place."""

    submission: str  # unique and safe as a folder's name
    learner: str
    source: str  # for people: a path, or "archive.zip!member"
    modified: float  # seconds since 1970: of two notebooks of one learner for one lab the later one counts
    read: Callable[[], bytes]  # raises UserError with one sentence
    remote: bool = False  # reading it takes its time


def find_entries(given: Iterable[Path | str], apart: Path | None = None) -> Iterator[Entry]:
    """Everything that was handed in, in a fixed order. Raises UserError when a path or URL that was given is not there.

    Learners are named as in `names.Names`. The folder `apart` holds no submissions, wherever it is.
    """
    places = list(given)
    names = Names(several=len(places) > 1)
    for place in places:
        for found in _find_at(place) if isinstance(place, str) else _find(place, apart):
            submission, learner = names.name(found.parts, place)
            yield Entry(submission, learner, found.source, found.modified, found.read, isinstance(place, str))


def _find(path: Path, apart: Path | None) -> Iterator[Found]:
    if not os.path.lexists(path):
        raise UserError(f"There is no {path}: check the path of the submissions.")
    if path.is_dir() and not path.is_symlink():
        empty = True
        for found in _in_folder(path, (), 0, apart):
            empty = False
            yield found
        if empty:
            raise UserError(f"There is no notebook in {path}: give the folder that holds the submissions.")
    elif path.suffix.lower() == ".zip" and path.is_file():
        yield from in_archive(path, ())
    else:
        yield _file(path, (path.name,))


def _find_at(url: str) -> Iterator[Found]:
    """The same at a URL, where there are no links, no FIFOs and no folders but in names."""
    from labs.grading.storage.remote import Remote

    files = [file for file in Remote(url).files() if not any(map(ignored, file.parts))]
    kinds = [PurePosixPath(file.name).suffix.lower() for file in files]
    above = {
        parent
        for file, kind in zip(files, kinds, strict=True)
        if kind in (".ipynb", ".zip")
        for parent in PurePosixPath(*file.parts).parents
    }
    for file, kind in zip(files, kinds, strict=True):
        folder = PurePosixPath(*file.parts).parent
        if kind == ".zip":
            yield from in_archive(file, file.parts)
        elif kind == ".ipynb" or (not file.name.startswith(".") and (len(file.parts) == 1 or folder not in above)):
            yield Found(file.parts or (file.name,), str(file), file.modified, _reader_of(file, kind))
    if not files:
        raise UserError(f"There is no notebook in {url}: give the folder that holds the submissions.")


def _reader_of(file: RemoteFile, kind: str) -> Callable[[], bytes]:
    if kind != ".ipynb":
        return refuse("It is no notebook: its name does not end in .ipynb.")
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


def _file(path: Path, parts: tuple[str, ...]) -> Found:
    try:
        modified = path.lstat().st_mtime
    except OSError:
        modified = 0.0
    return Found(parts, str(path), modified, lambda: _notebook(path))


def _notebook(path: Path) -> bytes:
    if path.suffix.lower() != ".ipynb" and path.is_file() and not path.is_symlink():
        raise UserError("It is no notebook: its name does not end in .ipynb.")
    return read_bytes(path)


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
            if apart is not None and path.resolve() == apart.resolve():
                continue
            below = list(itertools.islice(_in_folder(path, (*above, name), depth + 1, apart), MAX_MEMBERS))
            found = found or bool(below)
            yield from below
        elif name.lower().endswith(".zip") and stat.S_ISREG(mode):
            found = True
            yield from in_archive(path, (*above, name))
        elif name.lower().endswith(".ipynb"):
            found = True
            yield _file(path, (*above, name))
        elif not name.startswith("."):
            others.append(path)
    for path in others if depth == 0 or not found else ():
        yield _file(path, (*above, path.name))
