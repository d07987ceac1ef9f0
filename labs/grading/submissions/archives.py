"""The notebooks in a zip archive that nobody vouches for. Nothing of it is unpacked onto the disk."""

from __future__ import annotations

import calendar
import io
import re
import stat
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO

from labs.errors import UserError
from labs.grading.submissions.found import Found, ignored, refuse
from labs.grading.submissions.plainfile import MAX_BYTES, looks_like_notebook

if TYPE_CHECKING:
    from labs.grading.storage.remote import RemoteFile

__all__ = ["MAX_MEMBERS", "in_archive"]

MAX_MEMBERS = 20_000  # in one archive
MAX_ARCHIVE = 2 * 1024 * 1024 * 1024  # bytes
MAX_INNER = 200 * 1024 * 1024  # bytes of an archive inside another one
MAX_RATIO = 200  # of unpacked to packed bytes of one member
MAX_DEPTH = 12  # folders inside each other
MAX_PATH = 1024  # characters of a member's name
SMALL = 25 * 1024 * 1024  # bytes: what a cell has printed again and again may be packed tightly up to here
MAX_UNPACKED = 500 * 1024 * 1024  # bytes of all notebooks in a learner's own archive
DIRECTORY_ENTRY = 46  # bytes at least that a member takes in an archive's directory
_UNREADABLE = "It is not a zip archive that can be read: was it sent whole?"

Open = Callable[[], BinaryIO]


def in_archive(path: Path | RemoteFile, above: tuple[str, ...], *, collection: bool = False) -> Iterator[Found]:
    """The notebooks in an archive, to which the names `above` lead, or one thing that says why there is none.

    What a learner has packed is that learner's, whatever its members are called. In a `collection`, as instructors get
    them from learning platforms, the members' names say whose they are, and an archive in it is a learner's own.
    """
    modified = path.lstat().st_mtime

    def opened() -> BinaryIO:
        return path.open("rb")

    if path.stat().st_size > MAX_ARCHIVE:
        sentence = f"The archive is larger than {MAX_ARCHIVE // 1024**3} GB."
        yield Found(above or (path.name,), str(path), modified, refuse(sentence))
        return
    yield from _in(opened, str(path), above or (path.name,), modified, collection=collection)


def _in(opened: Open, source: str, above: tuple[str, ...], modified: float, *, collection: bool) -> Iterator[Found]:
    try:
        members = _members(opened)
    except UserError as error:
        yield Found(above, source, modified, refuse(str(error)))
        return
    found = False
    unpacked = 0
    for member in members:
        parts = _parts(member)
        if not parts or member.is_dir() or any(map(ignored, parts)):
            continue
        where = f"{source}!{member.filename}"
        inner = parts[-1].lower().endswith(".zip")
        if inner and collection:
            found = True
            yield from _in_inner(opened, member, where, parts, _time_of(member, modified))
        elif _may_be_notebook(opened, member, parts[-1]):
            found = True
            unpacked += member.file_size
            problem = _problem_with(member, MAX_BYTES)
            if unpacked > MAX_UNPACKED and not collection:
                problem = f"The notebooks in its archive are larger than {MAX_UNPACKED // 1024 // 1024} MB together."
            read = refuse(problem) if problem else _reader(opened, member.filename)
            time = _time_of(member, modified)
            if collection:
                yield Found(parts, where, time, read)
            else:
                yield Found(above, where, modified, read, inside=parts, inner_time=time)
    if not found:
        inner = any(member.filename.lower().endswith(".zip") for member in members)
        more = " It holds another archive: hand in the notebook itself." if inner else ""
        yield Found(above, source, modified, refuse(f"There is no notebook in this archive.{more}"))


def _in_inner(
    opened: Open, member: zipfile.ZipInfo, source: str, parts: tuple[str, ...], modified: float
) -> Iterator[Found]:
    """The notebooks in a learner's archive inside a collection; one more inside that one is not looked into."""
    if problem := _problem_with(member, MAX_INNER):
        yield Found(parts, source, modified, refuse(problem))
        return
    read = _reader(opened, member.filename, MAX_INNER)

    def unpacked() -> BinaryIO:
        return io.BytesIO(read())

    yield from _in(unpacked, source, parts, modified, collection=False)


def _members(opened: Open) -> list[zipfile.ZipInfo]:
    """The members of an archive. Nothing is unpacked. Raises UserError, also where they are too many to be listed."""
    try:
        with opened() as file:
            ending = zipfile._EndRecData(file)  # type: ignore[attr-defined]  # before ZipFile reads it all
        if ending is None:
            raise UserError(_UNREADABLE)
        if ending[5] / DIRECTORY_ENTRY > MAX_MEMBERS * 8 or ending[4] > MAX_MEMBERS:
            raise UserError(f"The archive has more than {MAX_MEMBERS} members.")
        with opened() as file, zipfile.ZipFile(file) as archive:
            members = archive.infolist()
    except OSError as error:
        raise UserError(f"The archive can't be read: {error.strerror}.") from None
    except (zipfile.BadZipFile, NotImplementedError, ValueError, UnicodeError, RecursionError):
        raise UserError(_UNREADABLE) from None
    if len(members) > MAX_MEMBERS:
        raise UserError(f"The archive has more than {MAX_MEMBERS} members.")
    return members


def _parts(member: zipfile.ZipInfo) -> tuple[str, ...]:
    name = PurePosixPath(member.filename.replace("\\", "/"))  # some tools on Windows write it so
    return tuple(part for part in name.parts if part not in ("/", "..", ".", ""))


def _may_be_notebook(opened: Open, member: zipfile.ZipInfo, name: str) -> bool:
    """Whether a member may be a notebook: by its name or, where a browser has added .json or .txt, its first bytes."""
    if name.lower().endswith(".ipynb"):
        return True
    if not re.search(r"\.ipynb|\.(json|txt)$", name, re.IGNORECASE) or _problem_with(member, MAX_BYTES):
        return False
    try:
        with opened() as file, zipfile.ZipFile(file) as archive, archive.open(member) as content:
            return looks_like_notebook(head := content.read(64 * 1024), head) or ".ipynb" in name.lower()
    except Exception:  # zlib, zipfile and others each have their own
        return ".ipynb" in name.lower()


def _problem_with(member: zipfile.ZipInfo, most: int) -> str:
    """Why a member is not read, in a sentence; empty when it may be."""
    name = member.filename
    leads_out = name.startswith(("/", "\\")) or ".." in re.split(r"[\\/]", name) or re.match(r"^[A-Za-z]:", name)
    tight = member.file_size > MAX_RATIO * max(member.compress_size, 1024) and member.file_size > SMALL
    # Other methods than these two unpack without a limit.
    unusual = member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    problems = (
        (stat.S_ISLNK(member.external_attr >> 16), "It is a symbolic link in an archive: hand in the notebook itself."),
        (leads_out, "Its name in the archive leads out of it."),
        (
            len(name) > MAX_PATH or len(_parts(member)) > MAX_DEPTH,
            f"Its name in the archive is too long, or more than {MAX_DEPTH} folders deep.",
        ),
        (member.flag_bits & 1, "It is encrypted."),
        (unusual, "It is packed in an unusual way: pack it as an ordinary zip archive."),
        (
            member.file_size > most or tight,
            f"It is larger than {most // 1024 // 1024} MB, or packed too tightly to be a notebook.",
        ),
    )
    return next((sentence for found, sentence in problems if found), "")


def _reader(opened: Open, name: str, most: int = MAX_BYTES) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            with opened() as file, zipfile.ZipFile(file) as archive, archive.open(name) as member:
                content = member.read(most + 1)
        except Exception:  # zlib, zipfile and others each have their own
            raise UserError("It can't be unpacked: the archive is damaged.") from None
        if len(content) > most:
            raise UserError(f"It is larger than {most // 1024 // 1024} MB.")
        return content

    return read


def _time_of(member: zipfile.ZipInfo, otherwise: float) -> float:
    try:
        return float(calendar.timegm((*member.date_time, 0, 0, 0)))
    except (ValueError, OverflowError):
        return otherwise
