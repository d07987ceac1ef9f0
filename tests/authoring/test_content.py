"""`labs verify` refuses a lab that is incomplete or contradicts itself, before anything runs: a sentence for each way."""

from __future__ import annotations

import pytest

from labs.authoring import content
from labs.authoring.verify import verify


def test_a_complete_lab_is_not_complained_about(complaints):
    assert complaints() == []


HINT = '+++ {"tags": ["hint"], "exercise": "greet"}\n\nReturn a dictionary.\n\n'
LAB = "labs/patterns/tiny"
REFUSED = {
    "two hints": (("lesson.md", HINT, ""), "lesson.md: exercise greet has 2 hints instead of 3"),
    "four hints": (("lesson.md", HINT, HINT * 2), "lesson.md: exercise greet has 4 hints instead of 3"),
    "an empty hint": (
        ("lesson.md", HINT, HINT.replace("Return a dictionary.", "")),
        "lesson.md: exercise greet has 2 hints instead of 3",
    ),
    "two exercises with a title": (
        ("lesson.md", ":name: double\n", ":name: double\n:title: Greet by name\n"),
        "lesson.md: two exercises have the title “Greet by name”",
    ),
    "another opening": (
        ("lesson.md", "from labs import open_lab\n\nlab", "from labs import open_lab\nlab"),
        'lesson.md: the first code cell has to be `from labs import open_lab`, an empty line, `lab = open_lab("tiny")`',
    ),
    "no diagram": (
        ("lesson.md", "```mermaid", "```text"),
        "lesson.md: has no diagram: a fence ```mermaid shows the way of a request",
    ),
    "no table": (
        ("lesson.md", "|---|---|\n", ""),
        "lesson.md: has no table: the lab's part of the contract belongs into one",
    ),
    "an exercise that is not checked": (
        ("lesson.md", 'lab.check("double")', "lab.show()"),
        'lesson.md: exercise double is never checked: a cell with `lab.check("double")` belongs below it',
    ),
    "no docstring": (
        ("checks/double.py", '    """Every number is doubled."""\n', ""),
        "checks/double.py: test_doubles has no docstring: its first line is the title that learners read",
    ),
    "checks for nothing": (
        ("checks/treble.py", "", "def test_trebles(service):\n    pass\n"),
        "checks/treble.py: holds test_trebles, and no exercise of the lesson is called 'treble'",
    ),
    "an exercise named in a mark": (
        ("checks/double.py", 'check(level="medium"', 'check("double", level="medium"'),
        "checks/double.py: test_doubles has `'double'` in its mark, which nothing reads: "
        "there are level, after, points, read",
    ),
    "an unknown level": (
        ("checks/double.py", 'level="medium"', 'level="brutal"'),
        "checks/double.py: test_doubles has the level 'brutal'; it is one of easy, medium, hard, expert",
    ),
    "a slip in a mark": (
        ("checks/double.py", 'level="medium"', 'lvl="medium"'),
        "checks/double.py: test_doubles has `lvl` in its mark, which nothing reads: there are level, after, points, read",
    ),
    "two checks with a name": (
        ("checks/double.py", "import pytest\n", "import pytest\n\n\ndef test_doubles(service):\n    pass\n"),
        "checks/double.py: two functions are named test_doubles, and the first is lost: give one of them another name",
    ),
    "no points": (
        ("checks/double.py", 'level="medium"', "points=0"),
        "checks/double.py: test_doubles is worth 0 points; it is worth 1 or more",
    ),
    "an unknown heading": (
        ("checks/greet.py", 'read="Exercise 1: Greet"', 'read="Exercise 9"'),
        "checks/greet.py: test_greets_by_name sends learners to “Exercise 9”, which is not a heading of the lesson",
    ),
    "after nothing": (
        ("checks/greet.py", 'after="test_greets"', 'after=("test_greets", "test_meets")'),
        "checks/greet.py: test_greets_by_name waits for test_meets, which does not exist",
    ),
    "after a later one": (
        ("checks/greet.py", 'after="test_greets"', 'after="test_doubles"'),
        "checks/greet.py: test_greets_by_name waits for test_doubles, which comes later",
    ),
    "two checks with a title": (
        ("checks/double.py", "Every number is doubled", "The greeting holds the name"),
        "checks: two checks have the title “The greeting holds the name”",
    ),
    "an import from elsewhere": (
        ("checks/double.py", "import pytest\n", "import httpx\nimport json\nimport pytest\n"),
        "checks/double.py: imports httpx: checks use the standard library, pytest and labs.judge only",
    ),
    "an import from our insides": (
        ("checks/double.py", "import pytest\n", "import pytest\n\nfrom labs.judge.run import run_checks\n"),
        "checks/double.py: imports labs.judge.run: checks use the standard library, pytest and labs.judge only",
    ),
    "checks that can't be imported": (
        ("checks/double.py", "import pytest\n", "import pytest\n\n1 / 0\n"),
        "checks/double.py: can't be imported: ZeroDivisionError: division by zero",
    ),
    "two checks with a name in two files": (
        ("checks/double.py", "test_doubles", "test_greets"),
        "checks: two modules have a check test_greets: give one of them another name",
        "answers/wrong/adds_two.py: names the check test_doubles, which checks/ does not have",
        "answers/wrong/squares.py: names the check test_doubles, which checks/ does not have",
    ),
    "no checks": (
        ("checks/double.py", "def test_", "def attempt_"),
        "checks/double.py: holds no checks that pytest can collect: name them test_… and run pytest on the file",
        "answers/wrong/adds_two.py: names the check test_doubles, which checks/ does not have",
        "answers/wrong/squares.py: names the check test_doubles, which checks/ does not have",
    ),
    "a wrong answer without a check": (
        ("answers/wrong/squares.py", "check: test_doubles\n", ""),
        "answers/wrong/squares.py needs a line `check: …` in its docstring: the check that must fail.",
        "answers: has 3 wrong answers; a lab has at least 4",
    ),
    "a wrong answer without a cause": (
        ("answers/wrong/squares.py", "cause: multiply by two\n", ""),
        "answers/wrong/squares.py needs a line `cause: …` in its docstring: what the learner must be told.",
        "answers: has 3 wrong answers; a lab has at least 4",
    ),
    "an answer for an unknown exercise": (
        ("answers/wrong/squares.py", "exercise: double", "exercise: treble"),
        "answers/wrong/squares.py is for the exercise 'treble', but the lesson has greet, double.",
        "answers: has 3 wrong answers; a lab has at least 4",
    ),
    "an answer for an unknown check": (
        ("answers/wrong/squares.py", "check: test_doubles", "check: test_trebles"),
        "answers/wrong/squares.py: names the check test_trebles, which checks/ does not have",
    ),
    "two answers with a title": (
        ("answers/wrong/squares.py", "The square.", "Two added instead of multiplied by."),
        "answers/wrong/squares.py: has the same first line as adds_two.py: “Two added instead of multiplied by”",
    ),
    "a stray file": (
        ("answers/wrong/notes.txt", "", "try this"),
        "answers/wrong/notes.txt: is read by nothing: a lab is lesson.md, checks/*.py and answers/right|wrong/*.py",
    ),
}


@pytest.mark.parametrize(("change", "sentences"), [(case[0], case[1:]) for case in REFUSED.values()], ids=REFUSED)
def test_incomplete_content_is_refused(complaints, tmp_path, change, sentences):
    found = [line.removeprefix(f"{tmp_path}/").removeprefix(f"{LAB}/") for line in complaints(change)]

    assert found == sorted(sentences, key=found.index)


def test_no_checks_file(complaints):
    found = complaints(built=False, prepare=lambda folder: (folder / "checks/double.py").unlink())

    assert f"{LAB}/checks/double.py: is missing: it holds the checks of the exercise 'double'" in found


def test_checks_of_another_encoding(complaints):
    def save(folder):
        text = (folder / "checks/double.py").read_text("utf-8")
        (folder / "checks/double.py").write_bytes(
            f"# -*- coding: latin-1 -*-\n# Größe\n{text}".encode("latin-1", "replace")
        )

    assert f"{LAB}/checks/double.py: is not UTF-8: save it as UTF-8" in complaints(prepare=save)


def test_a_check_that_no_wrong_answer_fails_is_named(complaints, tmp_path, make_lab):
    moved = [
        (f"answers/wrong/{name}.py", "check: test_doubles", "check: test_greets") for name in ("adds_two", "squares")
    ]
    lines = []

    assert verify([make_lab(tmp_path, changes=moved)], jobs=1, root=tmp_path, out=lines.append)
    assert "\ntiny: no wrong answer fails test_doubles." in lines


def test_a_real_lab_needs_more_than_the_tour(complaints):
    assert complaints(order=5) == [
        f"{LAB}/checks: has 3 checks; a lab has at least {content.MINIMUM['checks']}",
        f"{LAB}/answers: has 2 right answers; a lab has at least {content.MINIMUM['right']}",
        f"{LAB}/answers: has 4 wrong answers; a lab has at least {content.MINIMUM['wrong']}",
    ]


def test_caches_are_no_stray_files(complaints):
    def cache(folder):
        (folder / "__pycache__").mkdir(exist_ok=True)
        (folder / "__pycache__" / "double.pyc").touch()

    assert complaints(prepare=cache) == []
