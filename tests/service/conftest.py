"""Apps to serve, and what a lifespan of theirs may do."""

from __future__ import annotations

import contextlib

from fastapi import FastAPI


def app_with(path="/", endpoint=lambda: "hello", **options):
    app = FastAPI(**options)
    app.get(path)(endpoint)
    return app


def lifespan(*, before=None, after=None):
    @contextlib.asynccontextmanager
    async def run(_):
        if before is not None:
            await before()
        yield
        if after is not None:
            await after()

    return run


def unfinished():
    raise NotImplementedError


async def fail():
    raise ValueError("no pool")


def own_lines(runner):
    """What the service itself wrote, without uvicorn's lines."""
    return [line for line in runner.stream.lines if not line.startswith("INFO:")]
