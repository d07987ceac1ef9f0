"""Serve a small app and run a small cell once: what libraries build on first use is then there before a fork."""

import asyncio
import atexit
import gc
import os
import sys
import tempfile
import threading
import time
import types
from collections.abc import AsyncIterator
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI, Header, HTTPException
from IPython.core.profiledir import ProfileDir
from pydantic import BaseModel, Field
from sqlalchemy import String, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from labs.grading.kernels.kernelapp import Shell, configuration

__all__ = ["warm_up"]


class _Base(DeclarativeBase):
    pass


class _Row(_Base):
    __tablename__ = "labs_warm_up"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20))


class _Body(BaseModel):
    name: str = Field(min_length=1)


def warm_up() -> None:
    """Serve the app and run the cell. Raises RuntimeError when a thread is left: nothing may be forked then."""
    loop = asyncio.new_event_loop()
    loop.run_until_complete(_exercise())
    loop.run_until_complete(_run_cell())
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    asyncio.set_event_loop(None)
    gc.collect()
    deadline = time.monotonic() + 2
    while len(os.listdir("/proc/self/task")) > 1:  # join() returns a moment before the thread is gone
        if time.monotonic() > deadline:
            raise RuntimeError(f"Threads are left: {threading.enumerate()}")
        time.sleep(0.001)


async def _exercise() -> None:
    engine = create_async_engine("sqlite+aiosqlite://")
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    async with engine.begin() as connection:
        await connection.run_sync(_Base.metadata.create_all)
    app = FastAPI()

    async def session() -> AsyncIterator[AsyncSession]:
        async with sessions() as open_session:
            yield open_session

    @app.post("/rows", status_code=201)
    async def create(
        body: _Body, db: Annotated[AsyncSession, Depends(session)], token: Annotated[str | None, Header()] = None
    ) -> _Body:
        db.add(_Row(name=body.name))
        await db.commit()
        if await db.scalar(select(_Row).where(_Row.name == "none")):
            raise HTTPException(409)
        return body

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://warm-up") as client:
        for body in ({"name": "a"}, {"name": ""}):
            await client.post("/rows", json=body)
        await client.get("/openapi.json")
    await engine.dispose()


async def _run_cell() -> None:
    """Run a cell in a shell like a kernel's, of which nothing is left."""
    source = "from os import path\n\n\nclass A:\n    x: int = 1\n\n\nA().x"
    module = types.ModuleType("labs_warm_up")
    with tempfile.TemporaryDirectory(prefix="labs-warm-up-") as folder:
        profile = ProfileDir.create_profile_dir(folder)
        settings = {"config": configuration(), "ipython_dir": folder, "profile_dir": profile, "user_module": module}
        shell = Shell(**settings)  # type: ignore[no-untyped-call]  # IPython has few types
        await shell.run_cell_async(source, transformed_cell=shell.transform_cell(source), silent=True)
        atexit.unregister(shell.atexit_operations)
    del sys.modules[module.__name__]
