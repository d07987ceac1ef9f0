"""Services and labs for the judge."""

from __future__ import annotations

import os
import shutil

import pytest
import redis.asyncio
from fastapi import FastAPI


def demo_app(greet=None, count=None):
    """A factory of the demo's service with other answers to its exercises."""

    def right_greeting(name):
        print(f"greeted {name}")
        return {"message": f"hello {name}", "service": os.environ["SERVICE_NAME"]}

    async def right_count(client):
        return await client.incr("visits")

    def create_app():
        app = FastAPI()
        client = redis.asyncio.from_url(os.environ["REDIS_URL"])

        @app.get("/hello/{name}")
        def hello(name):
            return (greet or right_greeting)(name)

        @app.post("/visits")
        async def visit():
            return await (count or right_count)(client)

        return app

    return create_app


def unfinished(name):
    raise NotImplementedError


@pytest.fixture
def lab(tmp_path, write_checks, demo_lab):
    """Makes a lab of these checks of the exercise greet, with the demo's lesson. To pytest, all have one module name."""
    made = []

    def make(source):
        folder = tmp_path / str(len(made)) / "labs" / "patterns" / "made"
        folder.mkdir(parents=True)
        made.append(folder)
        shutil.copy(demo_lab.folder / "lesson.md", folder)
        return write_checks(folder, greet=source)

    return make


def statuses(report):
    return [verdict.status.value for verdict in report.verdicts]
