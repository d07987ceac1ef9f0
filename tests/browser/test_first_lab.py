"""Lab 01 in a real JupyterLab, as a learner goes through its first exercise."""

import pytest
from playwright.sync_api import expect

from labs.authoring.answers import read_answer
from labs.course.catalog import find_pattern

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_not_started_then_wrong_with_its_cause_then_green(open_notebook):
    lab = find_pattern("structured_logging")
    first = lab.exercises[0]
    mistake = read_answer(lab.folder / "answers" / "wrong" / "event_not_renamed.py", lab.lesson)

    notebook = open_notebook(lab.notebook_name)
    notebook.run_all()
    exercise = notebook.exercise(first.name)
    check = notebook.containing(f'lab.check("{first.name}")')
    expect(notebook.panel(check)).to_contain_text("Not started")

    notebook.type_into(exercise, mistake.cells[first.name])
    notebook.run(exercise)
    notebook.run(check)
    panel = notebook.panel(check)
    expect(panel).to_contain_text("failing")
    expect(panel).to_contain_text(mistake.cause.replace("`", ""))
    for theme in ("Dark", "Light"):
        notebook.theme(f"JupyterLab {theme}")
        notebook.cell(check)
        notebook.picture(f"lab01-wrong-{theme.lower()}")

    notebook.type_into(exercise, first.solution)
    notebook.run(exercise)
    notebook.run(check)
    expect(notebook.panel(check)).to_contain_text("All checks pass")
    notebook.picture("lab01-green")
