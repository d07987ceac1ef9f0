"""The module that is made of a lesson's cells and of answers: what checks are run against."""

from __future__ import annotations

import pytest

from labs.authoring.assemble import assemble, starters
from labs.errors import UserError


def served(source):
    namespace = {}
    exec(compile(source, "service.py", "exec"), namespace)
    return namespace


def test_assembled_from_the_reference(lesson):
    namespace = served(assemble(lesson))

    assert namespace["double"](4) == {"number": 8}
    assert "create_app" in namespace
    assert "lab" not in namespace


def test_assembled_from_starters_and_one_answer(lesson):
    source = assemble(lesson, starters(lesson) | {"greet": "def greet(name):\n    return name"})
    namespace = served(source)

    assert namespace["greet"]("Ada") == "Ada"
    with pytest.raises(NotImplementedError):
        namespace["double"](4)
    assert [line for line in source.split("\n") if line.startswith("# %%")] == [
        "# %% provided",
        "# %% greet (Greet by name)",
        "# %% double",
        "# %% provided",
    ]


def test_the_ladder(lesson):
    assert list(starters(lesson)) == ["greet", "double"]
    assert list(starters(lesson, after=1)) == ["double"]


def test_future_imports_of_a_cell_move_to_the_top(lesson):
    source = assemble(
        lesson, {"greet": "from __future__ import annotations\n\ndef greet(name: Nothing):\n    return 1"}
    )

    assert source.startswith("from __future__ import annotations\n")
    assert served(source)["greet"].__annotations__ == {"name": "Nothing"}


def test_an_unknown_exercise(lesson):
    with pytest.raises(UserError, match=r"tiny has no exercise 'great': its exercises are greet, double\."):
        assemble(lesson, {"great": ""})
