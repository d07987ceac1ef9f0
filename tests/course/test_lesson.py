"""lesson.md: what is read from it, and one sentence for each way in which it can be broken."""

import dataclasses
import json

import pytest

from labs.course.lesson import Lesson, LessonError, load_lesson, parse_lesson, split_solution


@pytest.fixture(scope="session")
def text(tiny_lab):
    return (tiny_lab.folder / "lesson.md").read_text("utf-8")


@pytest.fixture(scope="session")
def lesson(text):
    return parse_lesson("tiny", text)


def test_front_matter(lesson):
    assert (lesson.name, lesson.title, lesson.order, lesson.minutes, lesson.backings, lesson.teaches) == (
        *("tiny", "Tiny", 0, 5, []),
        "Nothing",
    )


def test_front_matter_of_earlier_releases_is_read(text):
    old = text.replace("backings: []", "needs: [database]\nuses: [cache]").replace("teaches:", "seed:")
    lesson = parse_lesson("tiny", old)

    assert (lesson.backings, lesson.optional_backings, lesson.teaches) == (["database"], ["cache"], "Nothing")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("backings: []", "needs: [mainframe]", "`backings:` is a list of some of database, cache, downstream"),
        ("backings: []", "uses: cache", "`optional_backings:` is a list of some of database, cache, downstream"),
        ("teaches: Nothing", "seed: 7", "its front matter needs `teaches:`, a text."),
        ("backings: []", "need: [cache]", "its front matter has `need:`, which nothing reads"),
    ],
)
def test_what_is_wrong_with_old_front_matter_is_told_by_the_new_names(text, old, new, sentence):
    with pytest.raises(LessonError) as caught:
        parse_lesson("tiny", text.replace(old, new))
    assert sentence in str(caught.value)


def test_exercises_in_order(lesson):
    greet, double = lesson.exercises

    assert (greet.name, greet.title, greet.level) == ("greet", "Greet by name", "easy")
    assert (double.name, double.title, double.level) == ("double", "double", "medium")
    assert [exercise.heading for exercise in lesson.exercises] == ["Exercise 1: Greet", "Exercise 2: Double"]


def test_the_starter_keeps_what_surrounds_the_solution(lesson):
    greet = lesson.exercises[0]

    assert greet.starter.endswith('    """Says hello."""\n    raise NotImplementedError')
    assert greet.solution.endswith('    """Says hello."""\n    return {"hello": name}')


def test_hints_belong_to_their_exercise_and_are_no_cells(lesson):
    assert lesson.exercises[0].hints == [
        "Who is greeted?",
        "Return a dictionary.",
        "Its only key is `hello`.",
    ]
    assert not any("Who is greeted?" in cell.source for cell in lesson.cells)


def test_cells_keep_their_order_and_tags(lesson):
    code = [(cell.exercise, cell.tags) for cell in lesson.cells if cell.kind == "code"]

    assert code == [
        ("", []),
        ("", ["service"]),
        ("greet", ["exercise"]),
        ("", []),
        ("double", ["exercise"]),
        ("", ["service"]),
        ("", []),
    ]


def test_a_heading_in_a_fence_is_no_heading(text):
    text = text.replace("## Exercise 2: Double\n", "## Exercise 2: Double\n\n```python\n# no heading\n```\n")

    assert parse_lesson("tiny", text).exercises[1].heading == "Exercise 2: Double"


def test_json_there_and_back(lesson):
    assert Lesson.from_json(lesson.to_json()) == lesson
    assert lesson.to_json().endswith("}\n")


def test_the_fast_form_is_used_while_it_fits(tmp_path, lesson, text):
    (tmp_path / "lesson.md").write_text(text, "utf-8")
    (tmp_path / "lesson.json").write_text(dataclasses.replace(lesson, title="from JSON").to_json(), "utf-8")
    assert load_lesson(tmp_path).title == "from JSON"

    (tmp_path / "lesson.md").write_text(text.replace("title: Tiny", "title: Newer"), "utf-8")
    assert load_lesson(tmp_path).title == "Newer"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"digest": 1}', json.dumps({"digest": None, "cells": 3})])
def test_a_broken_fast_form_is_not_used(tmp_path, content, text):
    (tmp_path / "lesson.md").write_text(text, "utf-8")
    (tmp_path / "lesson.json").write_text(content, "utf-8")

    assert load_lesson(tmp_path).title == "Tiny"


def test_no_lesson(tmp_path):
    with pytest.raises(LessonError, match=r"There is no .*lesson\.md: a lab is a folder with lesson\.md, checks/ and"):
        load_lesson(tmp_path)


def test_another_encoding(tmp_path):
    (tmp_path / "lesson.md").write_bytes("# Größe".encode("latin-1"))

    with pytest.raises(LessonError, match=r"lesson\.md is not UTF-8: save it as UTF-8\."):
        load_lesson(tmp_path)


BROKEN = {
    "no title": ("title: Tiny", "heading: Tiny", "needs `title:`, a text"),
    "title is a number": ("title: Tiny", "title: 7", "7 is not of type 'string'"),
    "order is a text": ("order: 0", "order: first", "needs `order:`, a whole number"),
    "no minutes": ("minutes: 5\n", "", "needs `minutes:`, a whole number"),
    "teaches nothing": ("teaches: Nothing\n", "", "needs `teaches:`, a text"),
    "unknown need": (
        "backings: []",
        "backings: [mainframe]",
        "`backings:` is a list of some of database, cache, downstream",
    ),
    "backings is a text": ("backings: []", "backings: cache", "`backings:` is a list"),
    "broken front matter": ("title: Tiny", "title: [Tiny", "is not MyST Markdown that Jupytext can read"),
    "no name": (
        ":name: greet\n",
        "",
        "an exercise cell needs `:name:`, a Python identifier (below “Exercise 1",
    ),
    "odd name": (
        ":name: greet\n",
        ":name: greet me\n",
        "an exercise cell needs `:name:`, a Python identifier",
    ),
    "name twice": (":name: double", ":name: greet", "two exercises are named 'greet'"),
    "odd level": (":level: medium", ":level: brutal", "has the level 'brutal'; it is one of easy, medium"),
    "no front matter": ("---\ntitle", "title", "has to begin with front matter, two lines `---` around title, order"),
    "an empty title": ("title: Tiny", 'title: ""', "needs `title:`, a text"),
    "order is no number of two digits": ("order: 0", "order: 100", "needs `order:`, a whole number from 0 to 99"),
    "order is a truth": ("order: 0", "order: true", "needs `order:`, a whole number"),
    "no time at all": ("minutes: 5", "minutes: 0", "needs `minutes:`, a whole number above 0"),
    "a need that is no word": ("backings: []", "backings: [{cache: 1}]", "`backings:` is a list of some of"),
    "a slip in the front matter": (
        "backings: []",
        "backing: [cache]",
        "has `backing:`, which nothing reads: `backings` may be",
    ),
    "a line of the front matter": ("order: 0", "order: 0: 1", "front matter, line 3: mapping values are not allowed"),
    "a slip in a tag": (
        ":tags: [service]",
        ":tags: [servise]",
        "a cell below “Tiny” has the tag `servise`, which nothing reads: `service` may be meant.",
    ),
    "a slip in an option": (
        ":level: medium",
        ":lvel: medium",
        "has `lvel:`, which nothing reads: `level` may be meant.",
    ),
    "an option of nobody": (":level: medium", ":weight: 3", "reads: there are tags, name, title, level, exercise."),
    "a hint that says not for what": (
        '{"tags": ["hint"], "exercise": "greet"}',
        '{"tags": ["hint"]}',
        "a hint below “Exercise 1: Greet” has to say for which exercise",
    ),
    "a hint that does not end": (
        "Who is greeted?",
        "Who is greeted?\n\n## On",
        "a hint for greet holds the heading “On”: a line `+++` ends a hint",
    ),
    "a solution that is not Python": (
        'return {"hello": name}',
        'return {"hello": name',
        "exercise greet: its code is not Python in line 4 of the cell: '{' was never closed.",
    ),
    "a starter that is not Python": (
        "    ### BEGIN SOLUTION\n    return",
        "    if name:\n    ### BEGIN SOLUTION\n        return",
        "exercise greet: its starter is not Python in line 4 of the cell: expected an indented block",
    ),
    "a service that is not Python": ("app = FastAPI()", "app = FastAPI(", "is not Python in line 2 of the cell:"),
    "a cell over the learner's": (
        'lab.check("greet")',
        'greet = None\nlab.check("greet")',
        "a cell below “Exercise 1: Greet” defines `greet`, over what the learner wrote in exercise greet",
    ),
    "hint for nobody": ('"exercise": "greet"', '"exercise": "great"', "hints for great, but no exercise has"),
    "no markers": (
        "    ### BEGIN SOLUTION\n",
        "",
        "exercise greet: ### END SOLUTION without ### BEGIN SOLUTION",
    ),
}


@pytest.mark.parametrize(("old", "new", "sentence"), BROKEN.values(), ids=BROKEN)
def test_a_broken_lesson_gets_one_sentence(old, new, sentence, text):
    assert old in text
    with pytest.raises(LessonError) as caught:
        parse_lesson("tiny", text.replace(old, new, 1), "labs/patterns/tiny/lesson.md")

    assert sentence in str(caught.value)
    assert str(caught.value).startswith("labs/patterns/tiny/lesson.md")
    assert "\n" not in str(caught.value)


def test_several_regions_in_one_cell():
    source = (
        "class A:\n    def f(self):\n        ### BEGIN SOLUTION\n        return 1\n        ### END SOLUTION\n\n"
        "    def g(self):\n        ### BEGIN SOLUTION\n        return 2\n        ### END SOLUTION"
    )
    starter, solution = split_solution(source)

    assert starter.count("raise NotImplementedError") == 2
    assert "return 1" in solution
    assert "###" not in starter + solution


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("def f():\n    return 1", "it needs ### BEGIN SOLUTION and ### END SOLUTION"),
        (
            "def f():\n    ### BEGIN SOLUTION\n    return 1",
            "it needs ### BEGIN SOLUTION and ### END SOLUTION",
        ),
        ("def f():\n    ### END SOLUTION", "### END SOLUTION without ### BEGIN"),
        ("def f():\n    ### BEGIN SOLUTION\n    ### BEGIN SOLUTION", "### BEGIN SOLUTION twice"),
        ("### BEGIN SOLUTION\nx = 1\n### END SOLUTION", "outside a function"),
    ],
)
def test_misplaced_markers(source, sentence):
    with pytest.raises(ValueError, match="SOLUTION") as caught:
        split_solution(source)
    assert sentence in str(caught.value)
