"""`lab.solution()`: the reference of an exercise, and a note in the progress file that it was looked at."""

from __future__ import annotations

import json

SHOWN = "**One solution** · {}\n\n```python\n{}\n```"


def opened(progress_file):
    """The exercises whose solution was opened, as the progress file says."""
    return json.loads(progress_file.read_text())["labs"]["tiny"]["solutions"]


def code_of(text):
    """What stands in the fence of a shown cell."""
    return text.partition("```python\n")[2].removesuffix("\n```")


def test_the_reference_is_shown_without_its_markers(notebook, tiny_lab):
    greet = tiny_lab.exercise("greet")
    shown = notebook.text('lab.solution("greet")')
    assert shown == SHOWN.format("Greet by name", greet.solution)
    assert 'return {"hello": name}' in shown
    assert "###" not in shown


def test_what_is_shown_turns_the_checks_green(notebook):
    notebook.run_all(
        greet=code_of(notebook.text('lab.solution("greet")')), double=code_of(notebook.text('lab.solution("double")'))
    )
    assert "3 of 3 checks pass" in notebook.text("lab.check()")


def test_each_exercise_is_noted_once_and_no_hint_is_counted(notebook, progress_file):
    for name in ("greet", "double", "greet"):
        notebook.run(f"lab.solution({name!r})")
    assert opened(progress_file) == ["double", "greet"]
    entry = json.loads(progress_file.read_text())["labs"]["tiny"]
    assert (entry["hints"], entry["passed"]) == ({}, [])


def test_a_solution_and_hints_are_kept_side_by_side(notebook, progress_file):
    for call in ('lab.hint("greet")', 'lab.solution("greet")', 'lab.hint("greet")'):
        notebook.run(call)
    assert json.loads(progress_file.read_text())["labs"]["tiny"]["hints"] == {"greet": 2}
    assert opened(progress_file) == ["greet"]


def test_without_a_name_it_is_that_of_the_first_exercise_that_does_not_pass(notebook, tiny_lab, progress_file):
    notebook.run_all(greet=tiny_lab.exercise("greet").solution)
    notebook.run("lab.check()")
    assert notebook.text("lab.solution()") == SHOWN.format("double", tiny_lab.exercise("double").solution)
    assert opened(progress_file) == ["double"]


def test_an_exercise_that_is_not_there_is_a_sentence_and_nothing_is_noted(notebook, progress_file):
    assert notebook.text('lab.solution("great")') == "'great' is not an exercise of this lab; it has greet, double."
    assert not progress_file.exists()
