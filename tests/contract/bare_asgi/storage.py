"""SQL by hand. A connection for each transaction: nothing outlives the request, whatever happened to it."""

import contextlib
import datetime as dt
import sqlite3
from urllib.parse import quote

import aiosqlite

__all__ = ["Storage", "now"]


def now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="microseconds")


class Storage:
    def __init__(self, url: str):
        scheme, _, rest = url.partition("://")
        if not scheme.startswith("sqlite"):
            raise ValueError("DATABASE_URL: only SQLite is spoken here")
        path = rest.partition("?")[0].removeprefix("/")
        self.file = f"file:{quote(path)}?mode=rw"  # a file that is away is not made anew

    @contextlib.asynccontextmanager
    async def reading(self, patience=1.8):
        async with self.transaction("BEGIN", patience) as connection:
            yield connection

    @contextlib.asynccontextmanager
    async def writing(self):
        async with self.transaction("BEGIN IMMEDIATE", 1.8) as connection:
            yield connection

    @contextlib.asynccontextmanager
    async def transaction(self, begin: str, patience: float):
        async with aiosqlite.connect(self.file, uri=True, timeout=patience, isolation_level=None) as connection:
            connection.row_factory = sqlite3.Row
            await connection.execute(begin)
            try:
                yield connection
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    await connection.execute("ROLLBACK")
                raise
            await connection.execute("COMMIT")

    async def rows(self, sql: str, *values) -> list[dict]:
        async with self.reading() as connection:
            return await fetch(connection, sql, *values)


async def fetch(connection, sql: str, *values) -> list[dict]:
    async with connection.execute(sql, values) as cursor:
        return [dict(row) for row in await cursor.fetchall()]
