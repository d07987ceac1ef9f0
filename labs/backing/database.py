"""A SQLite file for the service under test: the course's two tables, a way to look past the service, and faults."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

__all__ = ["SCHEMA", "Database", "Lock"]

Lock = Literal["SHARED", "IMMEDIATE", "EXCLUSIVE"]

# The tables are part of the contract: a service finds them, it may also create them when they are absent.
SCHEMA = """
CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    age INTEGER,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now'))
);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    item TEXT NOT NULL,
    amount INTEGER NOT NULL,
    status TEXT NOT NULL DEFAULT 'open',
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now'))
);
CREATE INDEX orders_user_id ON orders (user_id);
"""
_PAGE = 4096
_STEPS = 10_000  # of SQLite's machine between two looks at the clock: about a millisecond
_LONGEST_VALUE = 16 * 1024 * 1024  # bytes of one value that is read with limits
_LONGEST_NAP = 0.12  # seconds: while it waits for a lock, SQLite looks again every 0.1 s
_template: bytes | None = None
_template_lock = threading.Lock()


class Database:
    """The file behind `DATABASE_URL`, as the judge sees it: plain SQL, past the service.

    Faults, each undone by `up()`:
      down()         every statement of the service fails at once: "file is not a database"
      hang()         every statement waits until its own time-out: the file is locked
      slow(seconds)  a statement waits up to about that long, and then succeeds; a few find a gap and don't wait
    A new fault ends the one before. "Fails n times" is not offered: there is no server that could count attempts.
    In WAL mode nothing can keep readers waiting: there, hang and slow hold up writes only.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"sqlite+aiosqlite:///{path}"
        self._first_page: bytes | None = None
        self._lock: sqlite3.Connection | None = None
        self._slow_stop: threading.Event | None = None
        self._slow_thread: threading.Thread | None = None
        self._seconds = 0.0  # for one statement of ours; 0 for as long as it takes
        self._rows = 0  # that one statement may bring; 0 for any number
        path.write_bytes(_empty_database(path))

    # Looking and changing behind the service's back

    def execute(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one statement in a transaction of its own and return its rows."""
        with self._connect() as connection:
            return self._fetch(connection.execute(sql, values))

    def peek(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """What a new reader sees now; sqlite3.OperationalError when the file is locked: nobody waits for a lock."""
        with contextlib.closing(self._open(timeout=0)) as connection:
            connection.execute("SELECT 1 FROM users LIMIT 1").fetchall()  # takes the lock, whatever `sql` reads
            return self._fetch(connection.execute(sql, values))

    def limit(self, seconds: float, rows: int) -> None:
        """Let no statement of ours take longer or bring more: what a service has put into the file is run, too."""
        self._seconds, self._rows = seconds, rows

    def _fetch(self, cursor: sqlite3.Cursor) -> list[tuple[Any, ...]]:
        if not self._rows:
            return cursor.fetchall()
        rows = cursor.fetchmany(self._rows + 1)
        if len(rows) > self._rows:
            raise sqlite3.DataError(f"more than {self._rows} rows, which is more than a check can look at")
        return rows

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for each row of values, all in one transaction: thousands of rows in a few milliseconds."""
        with self._connect() as connection:
            connection.executemany(sql, rows)

    def add_user(self, *, name: str, email: str, password_hash: str = "-", age: int | None = None) -> int:
        """Insert a user and return the id."""
        sql = "INSERT INTO users (name, email, password_hash, age) VALUES (?, ?, ?, ?) RETURNING id"
        return int(self.execute(sql, name, email, password_hash, age)[0][0])

    def add_order(self, *, user_id: int, item: str, amount: int) -> int:
        """Insert an order and return the id."""
        sql = "INSERT INTO orders (user_id, item, amount) VALUES (?, ?, ?) RETURNING id"
        return int(self.execute(sql, user_id, item, amount)[0][0])

    @contextlib.contextmanager
    def locked(self, mode: Lock, *, timeout: float = 5.0) -> Iterator[None]:
        """Hold a lock on the file until the context ends. sqlite3.OperationalError when it is not to be had in time.

        SHARED lets others read and insert, and nobody commit; IMMEDIATE lets others read; EXCLUSIVE keeps all out.
        """
        with contextlib.closing(self._open(timeout=timeout)) as connection:
            connection.isolation_level = None
            connection.execute("BEGIN" if mode == "SHARED" else f"BEGIN {mode}")
            if mode == "SHARED":
                connection.execute("SELECT count(*) FROM users").fetchall()
            try:
                yield
            finally:
                connection.rollback()

    @contextlib.contextmanager
    def keep_changing(self, sql: str, values: Iterator[tuple[Any, ...]]) -> Iterator[None]:
        """Run a statement again and again, with the next values each time, until the context ends.

        Two reads that don't share one transaction then see two different values: that tells loads apart.
        """
        stop = threading.Event()
        started = threading.Event()

        def change() -> None:
            with self._connect() as connection:
                while not stop.is_set():
                    # The service may hold the file for longer than we are patient: then the next turn is ours.
                    with contextlib.suppress(sqlite3.OperationalError), connection:
                        connection.execute(sql, next(values))
                        started.set()
                    stop.wait(0.0005)  # lets the service's reads in between

        thread = threading.Thread(target=change, name="labs-database-writer", daemon=True)
        thread.start()
        started.wait(5)
        try:
            yield
        finally:
            stop.set()
            thread.join(10)

    # Faults

    def down(self) -> None:
        """Make every statement fail, by spoiling the file's first page."""
        self.up()
        self._forget_caches()
        with self._exclusive(), self.path.open("r+b") as file:
            self._first_page = file.read(_PAGE)
            file.seek(0)
            file.write(b"\xff" * _PAGE)

    def hang(self) -> None:
        """Lock the file: statements wait for their own time-out (sqlite3's default is 5 s)."""
        self.up()
        self._lock = self._open()
        self._lock.execute("BEGIN EXCLUSIVE")

    def slow(self, seconds: float) -> None:
        """Lock the file for that long, again and again."""
        self.up()
        stop = threading.Event()
        held = threading.Event()

        def hold() -> None:
            with contextlib.closing(self._open()) as connection:
                while not stop.is_set():
                    with contextlib.suppress(sqlite3.OperationalError):  # somebody else holds it: try again
                        connection.execute("BEGIN EXCLUSIVE")
                        held.set()
                        stop.wait(seconds)
                        connection.rollback()
                    stop.wait(_LONGEST_NAP)

        self._slow_stop = stop
        self._slow_thread = threading.Thread(target=hold, name="labs-database-slow", daemon=True)
        self._slow_thread.start()
        held.wait(10)

    def up(self) -> None:
        """End every fault."""
        if self._slow_stop is not None and self._slow_thread is not None:
            self._slow_stop.set()
            self._slow_thread.join(10)
            self._slow_stop = self._slow_thread = None
        if self._lock is not None:
            self._lock.rollback()
            self._lock.close()
            self._lock = None
        if self._first_page is not None:
            with self.path.open("r+b") as file:
                file.write(self._first_page)
            self._first_page = None
            self._forget_caches()

    def _forget_caches(self) -> None:
        """In WAL mode connections trust the pages they have cached until somebody writes: write, and empty the log."""
        with contextlib.closing(self._open()) as connection:
            if connection.execute("PRAGMA journal_mode").fetchone() == ("wal",):
                version = connection.execute("PRAGMA user_version").fetchone()[0]
                connection.execute(f"PRAGMA user_version = {version}")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """End every fault and remove the file."""
        self.up()
        for suffix in ("", "-journal", "-wal", "-shm"):
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)

    def _open(self, *, timeout: float = 5.0) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=timeout, check_same_thread=False)
        if self._seconds:
            end = time.monotonic() + self._seconds
            connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
        # Nobody needs this file to survive a power cut, and checks wait for it.
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    @contextlib.contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(self._open()) as connection, connection:
            yield connection

    @contextlib.contextmanager
    def _exclusive(self) -> Iterator[None]:
        connection = self._open()
        try:
            connection.execute("BEGIN EXCLUSIVE")
            yield
        finally:
            connection.rollback()
            connection.close()


def _empty_database(beside: Path) -> bytes:
    """A database file with the tables and no rows, made once per process."""
    global _template
    with _template_lock:
        if _template is None:
            path = beside.with_suffix(".template")
            path.unlink(missing_ok=True)
            connection = sqlite3.connect(path)
            connection.executescript(SCHEMA)
            connection.close()
            _template = path.read_bytes()
            path.unlink()
        return _template
