"""Factories, and references to them: one sentence for each way in which they can be wrong."""

from __future__ import annotations

import os
import sys

import pytest
from fastapi import FastAPI

from labs.errors import UserError
from labs.service import StartFailed, load_factory


async def async_factory():
    return FastAPI()


@pytest.mark.parametrize(
    ("factory", "sentence"),
    [
        (42, "`create_app` is not a factory but an int: write `def create_app(): ...` that returns the app."),
        (FastAPI(), "`create_app` is an app, not a factory: write `def create_app(): ...` that builds the app"),
        (lambda settings: FastAPI(), "`create_app` asks for arguments: a factory takes none"),
        (async_factory, "`async_factory` is `async def`: make it a plain `def` that returns the app."),
        (lambda: None, "returned None: it has to end with `return app`."),
        (lambda: "app", "returned a str, which is not an ASGI app"),
        (lambda: FastAPI, "returned a type, which is not an ASGI app"),
        (lambda: os.environ["NO_SUCH_VARIABLE"], "Calling the factory failed: the environment variable NO_SUCH_VARIABLE is missing."),
        (lambda: undefined_name, "Calling the factory raised NameError: name 'undefined_name' is not defined. The cell"),  # noqa: F821
        (lambda: {}["key"], "Calling the factory raised KeyError: 'key'"),
        (lambda: sys.exit(3), "Calling the factory ended the process with sys.exit (3)."),
        (lambda: sys.exit("no key"), "Calling the factory ended the process with sys.exit: no key."),
    ],
)  # fmt: skip
def test_what_is_not_a_factory_gets_one_sentence(runners, factory, sentence):
    runner = runners(factory)
    with pytest.raises(StartFailed) as failure:
        runner.start({})
    assert sentence in str(failure.value)
    assert len(str(failure.value).splitlines()) == 1
    assert runner.stream.closed
    runner.factory = FastAPI
    assert runner.start({})


@pytest.mark.parametrize(
    ("reference", "sentence"),
    [
        ("/no/such/app.py", "There is no file /no/such/app.py: check the path"),
        ("no_such_package.main:create_app", "there is no module named 'no_such_package'"),
        ("json", "json has no `create_app`: name the factory, as in `json:create_app`."),
        ("os:path:join", "is not the name of a factory"),
        ("path/to/app", "is not the name of a factory"),
        ("json:JSONDecoder.decode", "json has no `JSONDecoder.decode`"),
        ("", "is not the name of a factory: write `package.module:create_app`"),
        (":create_app", "is not the name of a factory: write `package.module:create_app`"),
        ("..app:create_app", "is not the name of a factory: write `package.module:create_app`"),
    ],
)
def test_a_reference_to_nothing_gets_one_sentence(reference, sentence):
    with pytest.raises(UserError) as failure:
        load_factory(reference)
    assert sentence in str(failure.value)
