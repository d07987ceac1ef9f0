"""The notebooks in a zip archive that nobody vouches for. Nothing of it is unpacked onto the disk."""

from __future__ import annotations

import calendar
import re
import stat
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from labs.errors import UserError
from labs.grading.submissions.found import Found, ignored, refuse
from labs.grading.submissions.plainfile import MAX_BYTES

if TYPE_CHECKING:
    from labs.grading.storage.remote import RemoteFile

__all__ = ["MAX_MEMBERS", "in_archive"]

MAX_MEMBERS = 20_000  # in one archive
MAX_ARCHIVE = 2 * 1024 * 1024 * 1024  # bytes
MAX_RATIO = 200  # of unpacked to packed bytes of one member
DIRECTORY_ENTRY = 46  # bytes at least that a member takes in an archive's directory


def in_archive(path: Path | RemoteFile, above: tuple[str, ...]) -> Iterator[Found]:
    """The notebooks in an archive, to which the names `above` lead, or one thing that says why there is none."""
    modified = path.lstat().st_mtime
    try:
        members = _members(path)
    except UserError as error:
        yield Found(above or (path.name,), str(path), modified, refuse(str(error)))
        return
    found = False
    for member in members:
        name = PurePosixPath(member.filename.replace("\\", "/"))  # some tools on Windows write it so
        if name.suffix.lower() != ".ipynb" or member.is_dir() or any(map(ignored, name.parts)):
            continue
        found = True
        problem = _problem_with(member)
        parts = tuple(part for part in name.parts if part not in ("/", "..", ".", ""))
        read = refuse(problem) if problem else _member_reader(path, member.filename)
        source = f"{path}!{member.filename}"
        yield Found((*above, *parts), source, _time_of(member, modified), read)
    if not found:
        yield Found(above or (path.name,), str(path), modified, refuse("There is no notebook in this archive."))


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
