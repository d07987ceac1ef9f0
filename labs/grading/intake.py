"""Find the submissions in what was handed in: notebooks, folders of them, and zip archives, none of them trusted."""

from __future__ import annotations

import calendar
import itertools
import os
import re
import stat
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from labs.course import find_patterns
from labs.errors import UserError
from labs.grading.plainfile import MAX_BYTES, read_bytes

if TYPE_CHECKING:
    from labs.grading.storage.remote import RemoteFile

__all__ = ["Entry", "find_entries"]

MAX_MEMBERS = 20_000  # in one archive
MAX_ARCHIVE = 2 * 1024 * 1024 * 1024  # bytes
MAX_RATIO = 200  # of unpacked to packed bytes of one member
MAX_DEPTH = 12  # folders inside each other
MAX_NAME = 200  # bytes of a submission's name: file systems take 255, and batches write more behind it
TOO_LARGE = f"It is larger than {MAX_BYTES // 1024 // 1024} MB: clear its outputs and hand it in again."
DIRECTORY_ENTRY = 46  # bytes at least that a member takes in an archive's directory
_IGNORED = {"__MACOSX", ".ipynb_checkpoints", ".git", "__pycache__", ".labs"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One notebook that was handed in, or something in its place."""

    submission: str  # unique and safe as a folder's name
    learner: str
    source: str  # for people: a path, or "archive.zip!member"
    modified: float  # seconds since 1970: of two notebooks of one learner for one lab the later one counts
    read: Callable[[], bytes]  # raises UserError with one sentence
    remote: bool = False  # reading it takes its time


@dataclass(frozen=True, slots=True)
class _Found:
    parts: tuple[str, ...]  # the names that lead to it, below what was given
    source: str
    modified: float
    read: Callable[[], bytes]


def find_entries(given: Iterable[Path | str], apart: Path | None = None) -> Iterator[Entry]:
    """Everything that was handed in, in a fixed order. Raises UserError when a path or URL that was given is not there.

    A learner is called what remains of the path below the one given without names of labs: `ada/08_caching.ipynb`,
    `caching/ada.ipynb` and `ada.ipynb` are all ada's. Where nothing remains and several were given, as by `*.zip`, it
    is the name of the archive or folder that was. The folder `apart` holds no submissions, wherever it is.
    """
    labs = _lab_names()
    taken: dict[str, int] = {}
    places = list(given)
    for path in places:
        for found in _find_at(path) if isinstance(path, str) else _find(path, apart):
            who = [part for part in map(_stem, found.parts) if _plain(part) not in labs]
            if not who and len(places) > 1 and _plain(_whose(path)) not in labs:
                who = [_whose(path)]
            learner = "/".join(who) or _stem(found.parts[-1])
            lab = next((_stem(part) for part in reversed(found.parts) if _plain(_stem(part)) in labs), "")
            name = _unique(_safe("-".join([*who, lab] if who and lab else who or [lab])), taken)
            yield Entry(name, learner, found.source, found.modified, found.read, isinstance(path, str))


def _whose(given: Path | str) -> str:
    """The name of the archive or folder that was given, or of the folder that the notebook is in."""
    path = PurePosixPath(given if isinstance(given, str) else given.absolute())
    return _stem((path.parent if path.suffix.lower() == ".ipynb" else path).name)


def _unique(name: str, taken: dict[str, int]) -> str:
    """The name, or with the first number behind it that makes it another one, also where case makes no difference."""
    unique = name
    while unique.lower() in taken:
        taken[name.lower()] += 1
        unique = f"{name}-{taken[name.lower()]}"
    taken[unique.lower()] = 1
    return unique


def _lab_names() -> set[str]:
    patterns = find_patterns(without=())
    return {_plain(name) for pattern in patterns for name in (pattern.name, pattern.notebook_name)}


def _plain(name: str) -> str:
    return _stem(name).lstrip("0123456789_-").replace("-", "_").replace(" ", "_").lower()


def _stem(name: str) -> str:
    return re.sub(r"\.(ipynb|zip)$", "", name, flags=re.IGNORECASE)


def _safe(name: str) -> str:
    """A folder's name on any system."""
    plain = unicodedata.normalize("NFKC", name)
    plain = re.sub(r"[^\w.-]+", "_", plain).strip("._-")[:80]
    return plain.encode()[:MAX_NAME].decode(errors="ignore") or "submission"


def _find(path: Path, apart: Path | None) -> Iterator[_Found]:
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
        yield from _in_archive(path, ())
    else:
        yield _file(path, (path.name,))


def _find_at(url: str) -> Iterator[_Found]:
    """The same at a URL, where there are no links, no FIFOs and no folders but in names."""
    from labs.grading.storage.remote import Remote

    files = [file for file in Remote(url).files() if not any(map(_ignored, file.parts))]
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
            yield from _in_archive(file, file.parts)
        elif kind == ".ipynb" or (not file.name.startswith(".") and (len(file.parts) == 1 or folder not in above)):
            yield _Found(file.parts or (file.name,), str(file), file.modified, _reader_of(file, kind))
    if not files:
        raise UserError(f"There is no notebook in {url}: give the folder that holds the submissions.")


def _reader_of(file: RemoteFile, kind: str) -> Callable[[], bytes]:
    if kind != ".ipynb":
        return _refuse("It is no notebook: its name does not end in .ipynb.")
    if file.size > MAX_BYTES:
        return _refuse(TOO_LARGE)

    def read() -> bytes:
        try:
            content = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise UserError(f"It can't be read: {error.strerror}.") from None
        if len(content) > MAX_BYTES:
            raise UserError(TOO_LARGE)
        return content

    return read


def _file(path: Path, parts: tuple[str, ...]) -> _Found:
    try:
        modified = path.lstat().st_mtime
    except OSError:
        modified = 0.0
    return _Found(parts, str(path), modified, lambda: _notebook(path))


def _notebook(path: Path) -> bytes:
    if path.suffix.lower() != ".ipynb" and path.is_file() and not path.is_symlink():
        raise UserError("It is no notebook: its name does not end in .ipynb.")
    return read_bytes(path)


def _refuse(sentence: str) -> Callable[[], bytes]:
    def read() -> bytes:
        raise UserError(sentence)

    return read


def _ignored(name: str) -> bool:
    return name in _IGNORED or name.startswith("._")  # what macOS writes beside a file


def _in_folder(folder: Path, above: tuple[str, ...], depth: int, apart: Path | None) -> Iterator[_Found]:
    """The notebooks and archives of a folder; of a folder with none of them, whatever is there instead."""
    try:
        with os.scandir(folder) as scan:
            names = sorted(entry.name for entry in scan if not _ignored(entry.name))
    except OSError as error:
        yield _Found((*above, folder.name)[-1:], str(folder), 0.0, _refuse(f"It can't be read: {error.strerror}."))
        return
    if depth > MAX_DEPTH:
        yield _Found(above, str(folder), 0.0, _refuse(f"Its folders are more than {MAX_DEPTH} deep."))
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
            yield from _in_archive(path, (*above, name))
        elif name.lower().endswith(".ipynb"):
            found = True
            yield _file(path, (*above, name))
        elif not name.startswith("."):
            others.append(path)
    for path in others if depth == 0 or not found else ():
        yield _file(path, (*above, path.name))


def _in_archive(path: Path | RemoteFile, above: tuple[str, ...]) -> Iterator[_Found]:
    modified = path.lstat().st_mtime
    try:
        members = _members(path)
    except UserError as error:
        yield _Found(above or (path.name,), str(path), modified, _refuse(str(error)))
        return
    found = False
    for member in members:
        name = PurePosixPath(member.filename.replace("\\", "/"))  # some tools on Windows write it so
        if name.suffix.lower() != ".ipynb" or member.is_dir() or any(map(_ignored, name.parts)):
            continue
        found = True
        problem = _problem_with(member)
        parts = tuple(part for part in name.parts if part not in ("/", "..", ".", ""))
        read = _refuse(problem) if problem else _member_reader(path, member.filename)
        source = f"{path}!{member.filename}"
        yield _Found((*above, *parts), source, _time_of(member, modified), read)
    if not found:
        yield _Found(above or (path.name,), str(path), modified, _refuse("There is no notebook in this archive."))


def _members(path: Path | RemoteFile) -> list[zipfile.ZipInfo]:
    """Raises UserError. Nothing is unpacked, and no directory is read that could not be kept."""
    try:
        if path.stat().st_size > MAX_ARCHIVE:
            raise UserError(f"The archive is larger than {MAX_ARCHIVE // 1024**3} GB.")
        with path.open("rb") as file:
            ending = zipfile._EndRecData(file)  # type: ignore[attr-defined]  # before ZipFile reads it all
        if ending is None:
            raise UserError("It is no zip archive that can be read: was it sent whole?")
        if ending[5] / DIRECTORY_ENTRY > MAX_MEMBERS * 8 or ending[4] > MAX_MEMBERS:
            raise UserError(f"The archive has more than {MAX_MEMBERS} members.")
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            members = archive.infolist()
    except OSError as error:
        raise UserError(f"The archive can't be read: {error.strerror}.") from None
    except (zipfile.BadZipFile, NotImplementedError, ValueError, UnicodeError, RecursionError):
        raise UserError("It is no zip archive that can be read: was it sent whole?") from None
    if len(members) > MAX_MEMBERS:
        raise UserError(f"The archive has more than {MAX_MEMBERS} members.")
    return members


def _problem_with(member: zipfile.ZipInfo) -> str:
    name = member.filename
    if stat.S_ISLNK(member.external_attr >> 16):
        return "It is a symbolic link in an archive: hand in the notebook itself."
    if name.startswith(("/", "\\")) or ".." in re.split(r"[\\/]", name) or re.match(r"^[A-Za-z]:", name):
        return "Its name in the archive leads out of it."
    if member.flag_bits & 1:
        return "It is encrypted."
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "It is packed in an unusual way: pack it as an ordinary zip archive."  # others unpack without a limit
    if member.file_size > MAX_BYTES or member.file_size > MAX_RATIO * max(member.compress_size, 1024):
        return f"It is larger than {MAX_BYTES // 1024 // 1024} MB, or packed too tightly to be a notebook."
    return ""


def _member_reader(path: Path | RemoteFile, name: str) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            with path.open("rb") as file, zipfile.ZipFile(file) as archive, archive.open(name) as member:
                content = member.read(MAX_BYTES + 1)
        except Exception:  # zlib, zipfile and others each have their own
            raise UserError("It can't be unpacked: the archive is damaged.") from None
        if len(content) > MAX_BYTES:
            raise UserError(f"It is larger than {MAX_BYTES // 1024 // 1024} MB.")
        return content

    return read


def _time_of(member: zipfile.ZipInfo, otherwise: float) -> float:
    try:
        return float(calendar.timegm((*member.date_time, 0, 0, 0)))
    except (ValueError, OverflowError):
        return otherwise
