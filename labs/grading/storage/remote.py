"""A place at a URL, and the files in it. Whatever a file system raises becomes an OSError or a sentence."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import PurePosixPath
from queue import SimpleQueue
from threading import Thread
from types import SimpleNamespace
from typing import Any, TypeVar  # Any: what fsspec hands over without types

from labs.errors import UserError
from labs.grading.executors import EXTRA

__all__ = ["Remote", "RemoteFile", "Threads", "sentence"]

MAX_OBJECTS = 200_000  # in one place
BLOCK = 256 * 1024  # bytes to fetch at once of an archive
T = TypeVar("T")
_CHANGED = ("mtime", "LastModified", "last_modified", "updated", "created")


class Remote:
    """A place at a URL: a file system of fsspec and a path in it."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        if "::" in url:
            raise UserError(f"{url} is several places in one: give the one where the files are.")
        scheme = url.partition("://")[0]
        try:
            from fsspec.core import url_to_fs

            self.fs, path = url_to_fs(url)
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] == "fsspec":
                raise UserError(f"{scheme}:// needs fsspec, which is not installed: {EXTRA}.") from None
            raise UserError(f"{scheme}:// can't be read here: {sentence(error)}.") from None
        except Exception as error:
            raise UserError(f"{scheme}:// can't be read here: {sentence(error)}.") from None
        self.path = path.rstrip("/")

    def files(self) -> list[RemoteFile]:
        """The files below this place by name, or the one file that the place itself is. Raises UserError."""
        try:
            self.fs.invalidate_cache()
            about = self.fs.info(self.path)
            if about["type"] == "file":
                return [RemoteFile(self.fs, about, PurePosixPath(self.path).parent.as_posix())]
            found = self.fs.find(self.path, detail=True)
        except FileNotFoundError:
            raise UserError(f"There is no {self.url}: check the path of the submissions.") from None
        except Exception as error:
            raise UserError(f"{self.url} can't be read: {sentence(error)}.") from None
        if len(found) > MAX_OBJECTS:
            raise UserError(f"{self.url} has more than {MAX_OBJECTS:,} files: give the folder of one hand-in.")
        abouts = [found[name] for name in sorted(found)]
        return [RemoteFile(self.fs, about, self.path) for about in abouts if about["type"] == "file"]

    def names(self) -> list[tuple[str, ...]]:
        """The paths of all files below this place, in parts; none when it is not there. Raises OSError and others."""
        self.fs.invalidate_cache()
        try:
            found = self.fs.find(self.path)
        except FileNotFoundError:
            return []
        return [_below(name, self.path) for name in found]

    def write(self, name: str, content: bytes) -> None:
        """Put one file, whole or not at all: object stores know nothing else. Raises OSError and others."""
        path = f"{self.path}/{name}"
        try:
            self.fs.pipe_file(path, content)
        except FileNotFoundError:
            if self.fs.async_impl:  # an object store: it would be the bucket that is made, after a slip of the pen
                raise
            self.fs.makedirs(path.rpartition("/")[0], exist_ok=True)
            self.fs.pipe_file(path, content)

    def read(self, names: list[str]) -> list[bytes | Exception]:
        """The contents of several files, read at once where the file system can; or the error of each."""
        paths = [f"{self.path}/{name}" for name in names]
        found = self.fs.cat(paths, on_error="return") if paths else {}
        return [found[self.fs._strip_protocol(path)] for path in paths]

    def remove(self, name: str) -> None:
        """Remove a file, if it is there. Raises OSError and others."""
        try:
            self.fs.rm_file(f"{self.path}/{name}")
        except FileNotFoundError:
            return


class RemoteFile:
    """A file at a URL, with those methods of pathlib.Path by which archives are read. Its size is known beforehand."""

    def __init__(self, fs: Any, about: dict[str, Any], top: str) -> None:
        self._fs, self._path = fs, about["name"]
        self.parts = _below(self._path, top)
        self.name = self.parts[-1] if self.parts else "submission"
        self.size = int(about.get("size") or 0)
        self.modified = next((_seconds(about[key]) for key in _CHANGED if about.get(key)), 0.0)

    def __str__(self) -> str:
        return str(self._fs.unstrip_protocol(self._path))

    def stat(self) -> SimpleNamespace:
        """The size in bytes and the time of the last change, in seconds since 1970."""
        return SimpleNamespace(st_size=self.size, st_mtime=self.modified)

    lstat = stat

    def read(self, limit: int) -> bytes:
        """The first `limit` bytes of the file, or all of a shorter one. Raises OSError."""
        with _as_os_error():
            return self._fs.cat_file(self._path, start=0, end=limit)[:limit] if self.size else b""

    def open(self, mode: str = "rb") -> io.BufferedReader:
        """Open the file to read parts of it, as an archive needs it. Raises OSError, as reading does later."""
        with _as_os_error():
            file = self._fs.open(self._path, mode, block_size=BLOCK, cache_type="readahead")
        return io.BufferedReader(_Raw(file), BLOCK)


class _Raw(io.RawIOBase):
    def __init__(self, file: Any) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        with _as_os_error():
            return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())

    def readinto(self, buffer: Any) -> int:
        with _as_os_error():
            data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


class Threads:
    """A few threads that nobody waits for at the end: what they fetch or send then can be done again."""

    def __init__(self, number: int) -> None:
        self._queue: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._number = number
        for _ in range(number):
            Thread(target=self._work, daemon=True).start()

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Do this work as soon as a thread is free."""
        future: Future[T] = Future()
        self._queue.put(functools.partial(_fulfil, future, work))
        return future

    def close(self) -> None:
        """Do no more work."""
        for _ in range(self._number):
            self._queue.put(None)

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            item()


def _fulfil(future: Future[T], work: Callable[[], T]) -> None:
    if future.set_running_or_notify_cancel():
        try:
            future.set_result(work())
        except BaseException as error:  # whoever asked for the result gets it
            future.set_exception(error)


def sentence(error: BaseException) -> str:
    """What an error says, in one line."""
    text = " ".join(str(error).split())[:300].rstrip(".")
    return text or type(error).__name__


@contextmanager
def _as_os_error() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise OSError(5, sentence(error)) from None


def _below(path: str, top: str) -> tuple[str, ...]:
    rest = path.removeprefix(top)
    return tuple(part for part in rest.split("/") if part not in ("", ".", ".."))


def _seconds(value: Any) -> float:
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        if isinstance(value, datetime):
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
        return float(value)
    except (ValueError, TypeError, OverflowError):
        return 0.0
