"""Answer files: what is read from them, and one sentence for each way in which one can be broken."""

from __future__ import annotations

import pytest

from labs.authoring.answers import AnswerError, read_answer

from .conftest import edit

ANSWER = '"""What it is.\n\nexercise: double\ncheck: test_doubles\ncause: by two\n"""\n\n\ndef double(number):\n    return 1\n'
UNREADABLE = {
    "no Python": (ANSWER + "def", "is not Python in line 11: invalid syntax"),
    "no docstring": (
        "x = 1",
        "needs a docstring that says what the answer is, then `exercise:` and its name",
    ),
    "an empty docstring": ('"""  """\nx = 1', "needs a docstring"),
    "no first line": (
        ANSWER.replace("What it is.\n\n", ""),
        "the docstring's first line says what the answer is",
    ),
    "a field twice": (
        ANSWER.replace("cause:", "check: test_greets\ncause:"),
        "has two lines `check:` in its docstring: keep one",
    ),
    "no exercise": (
        ANSWER.replace("exercise: double\n", ""),
        "needs a line `exercise: name` in its docstring, or lines `# %% name` between its cells",
    ),
    "both ways": (ANSWER + "# %% greet\npass", "has both `exercise:` and lines `# %% name`"),
    "code above the cells": (
        ANSWER.replace("exercise: double\n", "") + "# %% greet\npass",
        "has code above its first line `# %% name`: it belongs below one of them",
    ),
    "a cell twice": (
        ANSWER.replace("exercise: double\n", "").replace("\n\n\ndef", "\n# %% greet\npass\n# %% greet\ndef"),
        "has two cells `# %% greet`: keep one",
    ),
    "nothing in it": (ANSWER.partition("def")[0], "has nothing in it for the exercise 'double'"),
}


@pytest.mark.parametrize(("text", "sentence"), UNREADABLE.values(), ids=UNREADABLE)
def test_an_answer_that_is_none_gets_one_sentence(tmp_path, lesson, text, sentence):
    path = tmp_path / "wrong" / "answer.py"
    edit(path, "", text)

    with pytest.raises(AnswerError) as caught:
        read_answer(path, lesson)
    assert sentence in str(caught.value)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_right_answer_names_no_check(tmp_path, lesson):
    path = tmp_path / "right" / "answer.py"
    edit(path, "", ANSWER)

    with pytest.raises(AnswerError, match="has `check:`, but a right answer fails no check: take the line out"):
        read_answer(path, lesson)


def test_bytes_that_are_no_text(tmp_path, lesson):
    path = tmp_path / "right" / "answer.py"
    path.parent.mkdir()
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(AnswerError, match="is not UTF-8: save it as UTF-8"):
        read_answer(path, lesson)


def test_an_answer_for_one_exercise(lesson, tiny_lab):
    answer = read_answer(tiny_lab.folder / "answers/wrong/adds_two.py", lesson)

    assert (answer.title, answer.right, answer.name) == (
        "Two added instead of multiplied by",
        False,
        "wrong/adds_two",
    )
    assert (answer.check, answer.cause) == ("test_doubles", "multiply by two")
    assert answer.cells == {"double": 'def double(number: int):\n    return {"number": number + 2}'}


def test_an_answer_for_several(lesson, tiny_lab):
    answer = read_answer(tiny_lab.folder / "answers/right/both.py", lesson)

    assert list(answer.cells) == ["greet", "double"]
    assert answer.cells["greet"] == "def greet(name: str):\n    return dict(hello=name)"
