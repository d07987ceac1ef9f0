"""`labs verify` judges every answer by what it does when it runs, and prints a table."""

from __future__ import annotations

import re
import shutil

import pytest

from labs.authoring import content
from labs.authoring.verify import verify

from .conftest import problems_in

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_kernel")]


def answer(kind, exercise, body, check="", cause=""):
    fields = f"exercise: {exercise}\n" + (f"check: {check}\ncause: {cause}\n" if check else "")
    return (f"answers/{kind}.py", "", f'"""{kind}.\n\n{fields}"""\n\n{body}\n')


BY_TWO = ("test_doubles", "multiply by two")
DOUBLE = "def double(number: int):\n    "
RUNS = {
    "right/fails": (
        answer("right/fails", "double", DOUBLE + "return {'number': number}"),
        "test_doubles is failed instead of passed: `double` has to multiply by two.",
    ),
    "right/only_in_a_notebook": (
        answer(
            "right/only_in_a_notebook",
            "double",
            "import sys\n"
            + DOUBLE
            + (
                "if 'labs.service.process_child' in sys.modules['__main__'].__spec__.name:\n        return {}\n"
                "    return {'number': number * 2}"
            ),
        ),
        "served from a process of its own: test_doubles is failed instead of passed: `double` has to multiply by two.",
    ),
    "right/unfinished": (
        answer("right/unfinished", "double", DOUBLE + "raise NotImplementedError"),
        "test_doubles is not started instead of passed (double raises NotImplementedError)",
    ),
    "wrong/is_right": (
        answer("wrong/is_right", "double", DOUBLE + "return {'number': number * 2}", *BY_TWO),
        "test_doubles is passed instead of failed",
    ),
    "wrong/other_check": (
        answer("wrong/other_check", "double", DOUBLE + "return {}", "test_greets", "raised"),
        "test_greets is passed instead of failed",
    ),
    "wrong/other_cause": (
        answer("wrong/other_cause", "double", DOUBLE + "return {}", "test_doubles", "by three"),
        "test_doubles fails, but is told “`double` has to multiply by two.”, which does not contain “by three”",
    ),
    "wrong/waits": (
        answer(
            "wrong/waits",
            "greet",
            "def greet(name: str):\n    return {}[name]",
            "test_greets_by_name",
            "typed",
        ),
        "test_greets_by_name is waiting instead of failed (waits for “The greeting answers 200”)",
    ),
    "wrong/breaks_the_check": (
        answer("wrong/breaks_the_check", "double", DOUBLE + "return {'number': 13}", *BY_TWO),
        "test_doubles is broken instead of failed: The check itself broke: RuntimeError: unlucky.",
    ),
    "wrong/breaks_another_check": (
        answer(
            "wrong/breaks_another_check",
            "greet",
            "def greet(name: str):\n    return {'hello': 'unlucky'}",
            "test_greets_by_name",
            "typed into",
        ),
        "test_doubles is broken instead of judged: The check itself broke: RuntimeError: unlucky.",
    ),
    "wrong/does_not_start": (
        answer("wrong/does_not_start", "double", "double = None", *BY_TWO),
        "nothing can be judged: The service did not start.",
    ),
    "wrong/raises_when_imported": (
        answer("wrong/raises_when_imported", "double", "1 / 0", *BY_TWO),
        "Importing the service failed: ZeroDivisionError: division by zero",
    ),
    "wrong/unfinished_when_imported": (
        answer("wrong/unfinished_when_imported", "double", "raise NotImplementedError", *BY_TWO),
        "The service raises NotImplementedError when it is imported, not when it is called.",
    ),
    "wrong/exits": (
        answer("wrong/exits", "double", "import os\n\n\n" + DOUBLE + "os._exit(0)", *BY_TWO),
        "it ended the process that judges it (exit code 0)",
    ),
    "wrong/crashes": (
        answer("wrong/crashes", "double", "import ctypes\n\n\n" + DOUBLE + "ctypes.string_at(0)", *BY_TWO),
        "it ended the process that judges it (killed by signal 11)",
    ),
    # Mistakes that people make: these are what verify must be able to judge
    "wrong/blocks_the_loop": (
        answer(
            "wrong/blocks_the_loop",
            "double",
            "async " + DOUBLE + "while True:\n        pass",
            "test_doubles",
            "blocks or waits for ever",
        ),
    ),
    "wrong/calls_exit": (
        answer(
            "wrong/calls_exit",
            "double",
            "import sys\n\n\nasync " + DOUBLE + "sys.exit(1)",
            "test_doubles",
            "ended its process",
        ),
    ),
    "wrong/prints_a_lot": (
        answer(
            "wrong/prints_a_lot",
            "double",
            "import os\n\n\n" + DOUBLE + "os.write(1, b'x' * 100000 + b'\\n{}\\n')\n    return {}",
            *BY_TWO,
        ),
    ),
}
UNLUCKY = (
    "checks/double.py",
    '    assert got == {"number": 2',
    '    if got == {"number": 13} or "unlucky" in service.get("/hello/you").text:\n'
    '        raise RuntimeError("unlucky")\n    assert got == {"number": 2',
)
SWALLOWS = (
    "lesson.md",
    '    app.get("/hello/{name}")(greet)\n',
    "    app.exception_handler(NotImplementedError)(lambda request, error: Response('{}'))\n"
    '    app.get("/hello/{name}")(greet)\n',
)
CALLS_BOTH = (
    "lesson.md",
    '    app.get("/hello/{name}")(greet)\n',
    '    app.get("/hello/{name}")(lambda name: [double(1), greet(name)][1])\n',
)


@pytest.fixture(scope="module")
def proof(tmp_path_factory, make_lab):
    """One verify of several broken labs: whether all was good, and everything that was said."""
    root = tmp_path_factory.mktemp("proof")
    changes = [UNLUCKY, *(case[0] for case in RUNS.values())]
    labs = [
        make_lab(root, "answers", 0, changes),
        make_lab(root, "swallows", 1, [SWALLOWS, ("lesson.md", "import FastAPI", "import FastAPI, Response")]),
        make_lab(root, "entangled", 2, [CALLS_BOTH]),
        make_lab(root, "complete", 3),
    ]
    for pattern in labs[1:3]:  # they are about the starter
        shutil.rmtree(pattern.folder / "answers")
    lines = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(content, "MINIMUM", content.TOUR)
        good = verify(labs, jobs=2, root=root, out=lines.append, thorough=True)
    return good, lines


def said_of(proof, file):
    return [line.partition(": ")[2] for line in problems_in(proof[1]) if line.partition(": ")[0].endswith(file)]


@pytest.mark.parametrize("name", RUNS)
def test_each_answer_is_judged_by_what_it_does(proof, name):
    _, *sentences = RUNS[name]
    found = said_of(proof, f"labs/patterns/answers/answers/{name}.py")

    assert len(found) >= len(sentences)
    assert not found or sentences, found
    for sentence in sentences:
        assert any(line.startswith(sentence) for line in found), found


def test_good_answers_beside_them_are_left_alone(proof):
    for name in (
        "right/both",
        "right/concatenated",
        "wrong/adds_two",
        "wrong/raises",
        "wrong/squares",
        "wrong/typed_in",
    ):
        assert said_of(proof, f"{name}.py") == []


def test_a_starter_that_looks_wrong(proof):
    found = said_of(proof, "labs/patterns/swallows/lesson.md")

    assert any(
        line.startswith("the untouched starter: test_greets_by_name is failed instead of not started: ")
        for line in found
    )
    assert any(line.startswith("the untouched starter, served from a process of its own: ") for line in found)
    assert any(
        line.startswith("the starter with greet solved: test_doubles is failed instead of not started")
        for line in found
    )
    assert not any(line.startswith("the reference") for line in found)


def test_an_exercise_that_needs_a_later_one(proof):
    found = said_of(proof, "labs/patterns/entangled/lesson.md")

    told = [
        line
        for line in found
        if line.startswith("the starter with greet solved: test_greets is failed instead of passed: ")
    ]
    assert len(told) == 1
    assert "The request came as far as `double`, which a later exercise writes." in told[0]
    assert any(
        line.startswith("the starter with greet solved: test_greets_by_name is waiting instead of passed")
        for line in found
    )


def test_the_table_and_the_verdict(proof):
    good, lines = proof
    head = next(number for number, line in enumerate(lines) if line.startswith("lab "))

    assert not good
    assert lines[head].split() == ["lab", "exercises", "checks", "right", "wrong", "seconds", "verdict"]
    assert lines[head + 3].split()[-2:] == ["8", "problems"]
    name, exercises, checks, right, wrong, seconds, state = lines[head + 4].split()
    assert (name, exercises, checks, right, wrong, state) == ("complete", "2", "3", "2", "4", "proven")
    assert 0 < float(seconds) < 5


def test_a_complete_lab_is_proven(proof):
    assert not [line for line in proof[1] if "/complete/" in line]


def test_every_problem_names_a_file_and_the_seed_that_shows_it(proof):
    for line in problems_in(proof[1]):
        assert line.startswith("labs/patterns/")
        assert "\n" not in line
        if " instead of " in line:
            assert re.search(r" \(seed [0-9a-f]{8}\)$", line)
