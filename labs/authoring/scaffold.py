"""`labs new`: write the skeleton of a lab, a small one that works, for its author to replace piece by piece."""

from __future__ import annotations

import contextlib
import json
import keyword
import re
import shutil
from pathlib import Path
from string import Template

from labs.course.catalog import Pattern
from labs.errors import UserError

__all__ = ["next_steps", "write_skeleton"]

LAST_ORDER = 99  # the numbers of notebooks have two digits

LESSON = """\
---
title: $quoted_title
order: $order
minutes: 30
backings: []
teaches: $quoted_title
---

# $title

A story from production in a few lines: who noticed what, at what time, what it cost, and why it could happen.

```{code-cell} python
from labs import open_lab

lab = open_lab("$name")
```

## What is promised

| route | answers |
|---|---|
| `GET /hello/{name}` | 200, `{"hello": name}` |

```mermaid
sequenceDiagram
    participant C as client
    participant S as service
    C->>S: GET /hello/Ada
    S-->>C: 200 {"hello": "Ada"}
```

```{code-cell} python
:tags: [service]

from fastapi import FastAPI
```

## Exercise 1: greet by name

What the learner is to write, and which mistake tempts them.

```{code-cell} python
:tags: [exercise]
:name: greet
:title: Greet by name
:level: easy

def greet(name: str) -> dict[str, str]:
    \"""Say hello to whoever is named.\"""
    ### BEGIN SOLUTION
    return {"hello": name}
    ### END SOLUTION
```

+++ {"tags": ["hint"], "exercise": "greet"}

A nudge: who is greeted?

+++ {"tags": ["hint"], "exercise": "greet"}

A direction: return a dictionary, which FastAPI turns into a JSON object.

+++ {"tags": ["hint"], "exercise": "greet"}

Nearly the answer: its only key is `hello`, its value the argument.

+++

```{code-cell} python
:tags: [service]

def create_app() -> FastAPI:
    app = FastAPI()
    app.get("/hello/{name}")(greet)
    return app
```

```{code-cell} python
service = lab.serve(create_app)
lab.check("greet")
```

## When not to use it

Where the pattern costs more than it gives.
"""

CHECKS = '''\
"""Checks of exercise 1, “Greet by name”."""

from __future__ import annotations

import pytest


@pytest.mark.check(level="easy", read="What is promised")
def test_greet_names_the_caller(service, fresh):
    """Whoever is named is greeted."""
    name = fresh.token()
    response = service.get(f"/hello/{name}")
    assert response.status == 200, "The handler raised or the route is missing: look at the log lines below."
    assert response.json == {"hello": name}, "The name is typed into the source. Take it from the argument."
'''

RIGHT = '''\
"""A Pydantic model instead of a dictionary.

exercise: greet
"""
from pydantic import BaseModel


class Greeting(BaseModel):
    hello: str


async def greet(name: str) -> Greeting:
    return Greeting(hello=name)
'''

WRONG = '''\
"""The name typed into the source.

exercise: greet
check: test_greet_names_the_caller
cause: typed into the source
"""


def greet(name: str) -> dict[str, str]:
    return {"hello": "Ada"}
'''


def write_skeleton(patterns: Path, name: str, *, title: str = "", order: int | None = None) -> list[Path]:
    """Write the skeleton of a lab into the folder `name` of `patterns`, the course's labs; the files, in order.

    `labs verify` finds nothing wrong with it, once it is built, but that it has too few checks and answers. Without a
    title, the name is made into one; without an order, the lab comes last. Raises UserError, and writes nothing, when
    the name is not one or is taken, or when the title or the order is.
    """
    folder = patterns / name
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name) or name == "all":
        raise UserError(
            f"{name!r} can't be a lab's name: take lower-case letters, digits and _, such as rate_limiting."
        )
    if folder.exists():
        raise UserError(f"There is a {folder} already: take another name.")
    title = " ".join(title.split()) or name.replace("_", " ").capitalize()
    titles, orders = _taken(patterns)
    if title in titles:
        raise UserError(f"The lab {titles[title]} has the title {title!r} already: take another with --title.")
    if order is None:
        order = max(orders, default=0) + 1
    if order in orders:
        raise UserError(f"The lab {orders[order]} has the number {order} already: take another with --order.")
    if not 0 <= order <= LAST_ORDER:
        raise UserError(f"A lab's number is from 0 to {LAST_ORDER}, and this is {order}: take another with --order.")
    words = {"name": name, "title": title, "quoted_title": json.dumps(title, ensure_ascii=False), "order": order}
    texts = {
        "lesson.md": Template(LESSON).substitute(words),
        "checks/greet.py": CHECKS,
        "answers/right/model_instead_of_dictionary.py": RIGHT,
        "answers/wrong/typed_in.py": WRONG,
    }
    try:
        for file, text in texts.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text, "utf-8")
    except BaseException:  # half a lab would be in the way of the next try
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return [folder / file for file in texts]


def next_steps(name: str) -> str:
    """What the author of a new lab does next, for the terminal."""
    steps = {
        f"labs build {name}": "makes its notebooks; again after each change",
        f"labs verify {name}": "says what it lacks: checks, right answers, wrong answers",
        "make lab": "opens it",
    }
    width = max(map(len, steps))
    lines = [f"  {command:{width}}   {what}" for command, what in steps.items()]
    return "\n".join(["Next:", *lines, "Then replace the example, piece by piece: README.md, “Add a lab”."])


def _taken(patterns: Path) -> tuple[dict[str, str], dict[int, str]]:
    """The titles and the orders of the labs that there are, each with the lab's name."""
    titles: dict[str, str] = {}
    orders: dict[int, str] = {}
    for file in sorted(patterns.glob("*/lesson.md")):
        with contextlib.suppress(UserError):  # a broken lesson is told by who builds or verifies it
            lesson = Pattern(file.parent).lesson
            titles[lesson.title], orders[lesson.order] = lesson.name, lesson.name
    return titles, orders
