"""What is not written yet, wherever in a service NotImplementedError is raised, and its name."""

from __future__ import annotations

import asyncio

import pytest
from fastapi import Depends, FastAPI

from labs.service import IncidentKind, Unimplemented

from .conftest import app_with, fail, lifespan, unfinished


async def unfinished_async():
    raise NotImplementedError


class Crowd:
    def read(self):
        raise NotImplementedError


def outer():
    def inner():
        raise NotImplementedError

    return inner


async def in_group():
    async with asyncio.TaskGroup() as group:
        group.create_task(unfinished_async())
        group.create_task(fail())


def failing_middleware():
    app = app_with()

    @app.middleware("http")
    async def timing(request, call_next):
        raise NotImplementedError

    return app


async def in_background():
    asyncio.get_running_loop().create_task(unfinished_async())
    await asyncio.sleep(0.01)


def wrapped():
    try:
        unfinished()
    except NotImplementedError as error:
        raise RuntimeError("wrapped") from error


@pytest.mark.parametrize(
    ("factory", "name"),
    [
        (unfinished, "unfinished"),
        (lambda: FastAPI(lifespan=lifespan(before=unfinished_async)), "unfinished_async"),
        (lambda: app_with(endpoint=unfinished), "unfinished"),
        (lambda: app_with(endpoint=unfinished_async), "unfinished_async"),
        (lambda: app_with(endpoint=Crowd().read), "Crowd.read"),
        (lambda: app_with(endpoint=outer()), "inner"),
        (lambda: app_with(dependencies=[Depends(unfinished)]), "unfinished"),
        (lambda: app_with(endpoint=in_group), "unfinished_async"),
        (lambda: app_with(endpoint=in_background), "unfinished_async"),
        (lambda: app_with(endpoint=wrapped), "unfinished"),
        (failing_middleware, "timing"),
    ],
)
def test_what_is_not_written_yet_is_named(runners, http, factory, name):
    runner = runners(factory)
    try:
        http.get(runner.start({}))
        runner.stop()
    except Unimplemented as unfinished:
        found = str(unfinished)
    else:
        found = next(incident.detail for incident in runner.incidents if incident.kind is IncidentKind.UNIMPLEMENTED)
    assert found == name


def test_a_librarys_own_not_implemented_error_is_no_unfinished_exercise(runners, http):
    runner = runners(lambda: app_with(endpoint=lambda: asyncio.AbstractEventLoop().run_forever()))
    assert http.get(runner.start({})).status_code == 500
    runner.stop()
    assert runner.incidents == []
