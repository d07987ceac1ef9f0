"""`lab.starter()`: an exercise's cell as it was in the beginning, to paste it back."""

from __future__ import annotations

SHOWN = "**The cell as it was** · {}\n\n```python\n{}\n```"


def test_the_cell_is_shown_as_it_is_in_a_fresh_notebook(notebook, tiny_lab):
    greet = tiny_lab.exercise("greet")
    shown = notebook.text('lab.starter("greet")')
    assert shown == SHOWN.format("Greet by name", greet.starter)
    assert "raise NotImplementedError" in shown
    assert '"""Says hello."""' in shown
    assert 'return {"hello": name}' not in shown


def test_pasted_back_it_is_not_started_again(notebook, tiny_lab):
    notebook.run_all(**{exercise.name: exercise.solution for exercise in tiny_lab.exercises})
    assert "3 of 3 checks pass" in notebook.text("lab.check()")
    notebook.run(notebook.text('lab.starter("double")').partition("```python\n")[2].removesuffix("\n```"))
    shown = notebook.text("lab.check()")
    assert "2 of 3 checks pass" in shown
    assert "Every number is doubled (not started" in shown


def test_nothing_is_recorded(notebook, progress_file):
    (output,) = notebook.run("lab.starter()")
    assert output["metadata"] == {}
    assert not progress_file.exists()


def test_without_a_name_it_is_that_of_the_first_exercise_that_does_not_pass(notebook, tiny_lab):
    notebook.run_all(greet=tiny_lab.exercise("greet").solution)
    notebook.run("lab.check()")
    assert notebook.text("lab.starter()") == SHOWN.format("double", tiny_lab.exercise("double").starter)


def test_an_exercise_that_is_not_there_is_a_sentence(notebook):
    assert notebook.text('lab.starter("great")') == "'great' is not an exercise of this lab; it has greet, double."
