"""A cell that does not compile defines nothing: the panel says so, rather than judging the version before it."""

from __future__ import annotations


def test_a_cell_that_does_not_compile_is_named_until_it_is_mended(notebook, tiny_lab):
    right = {exercise.name: exercise.solution for exercise in tiny_lab.exercises}
    notebook.run_all(**right)
    notebook.run("def greet(name:\n    return {}")
    shown = " ".join(notebook.text("lab.check()").split())
    assert "problem: The cell of “Greet by name” has a syntax error in line 1 (" in shown
    assert "so it defined nothing: mend it, run it, and check again." in shown
    notebook.run(right["greet"])
    assert "3 of 3 checks pass" in notebook.text("lab.check()")


def test_another_cell_that_does_not_compile_is_nobodys_concern(notebook, tiny_lab):
    notebook.run_all(**{exercise.name: exercise.solution for exercise in tiny_lab.exercises})
    notebook.run("note = (")
    assert "3 of 3 checks pass" in notebook.text("lab.check()")
