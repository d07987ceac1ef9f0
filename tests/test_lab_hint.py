"""`lab.hint()`: one step more help each time, kept in the progress file and told to whoever grades the notebook."""

from __future__ import annotations

import json

from labs.course.catalog import ROOT


def taken(progress_file):
    """The hints that the progress file says were taken, by exercise."""
    return json.loads(progress_file.read_text())["labs"]["tiny"]["hints"]


def test_each_call_shows_the_next_hint_and_the_last_one_is_repeated(notebook, tiny_lab):
    nudge, direction, nearly = tiny_lab.exercise("greet").hints
    last = '\n\nThat was the last one. `lab.solution("greet")` shows ours.'
    shown = [notebook.text('lab.hint("greet")') for _ in range(4)]
    assert shown == [
        f"**Hint 1 of 3** · Greet by name\n\n{nudge}",
        f"**Hint 2 of 3** · Greet by name\n\n{direction}",
        f"**Hint 3 of 3** · Greet by name\n\n{nearly}{last}",
        f"**Hint 3 of 3** · Greet by name\n\n{nearly}{last}",
    ]


def test_the_progress_file_counts_hints_by_exercise_and_no_further_than_there_are(notebook, progress_file):
    assert not progress_file.exists()
    notebook.run('lab.hint("greet")')
    assert taken(progress_file) == {"greet": 1}
    for _ in range(5):
        notebook.run('lab.hint("double")')
    assert taken(progress_file) == {"greet": 1, "double": 3}
    entry = json.loads(progress_file.read_text())["labs"]["tiny"]
    assert (entry["passed"], entry["solutions"]) == ([], [])


def test_the_output_tells_the_grader_which_hints_are_used(notebook):
    shown = [notebook.run('lab.hint("double")') for _ in range(4)]
    assert [[output["metadata"] for output in outputs] for outputs in shown] == [
        [{"labs": {"exercise": "double", "hints": count}}] for count in (1, 2, 3, 3)
    ]


def test_a_hint_is_markdown_where_that_is_rendered_and_the_same_text_where_not(notebook):
    ((output,), (again,)) = notebook.run("lab.hint()"), notebook.run("lab.solution()")
    for data in (output["data"], again["data"]):
        assert data["text/markdown"] == data["text/plain"]


def test_without_a_name_it_is_for_the_first_exercise_that_does_not_pass(notebook, tiny_lab, progress_file):
    assert "Greet by name" in notebook.text("lab.hint()")
    notebook.run_all(greet=tiny_lab.exercise("greet").solution)
    notebook.run("lab.check()")
    assert notebook.text("lab.hint()").startswith("**Hint 1 of 3** · double")
    notebook.run_all(**{exercise.name: exercise.solution for exercise in tiny_lab.exercises})
    notebook.run("lab.check()")
    assert notebook.text("lab.hint()").startswith("**Hint 2 of 3** · double"), "all pass: the last exercise"
    assert taken(progress_file) == {"greet": 1, "double": 2}


def test_the_count_goes_on_when_the_lab_is_opened_again(notebook, tiny_lab, progress_file):
    notebook.run('lab.hint("greet")')
    notebook.begin(progress_file)
    assert notebook.text('lab.hint("greet")').startswith("**Hint 2 of 3**")


def test_the_panel_shows_the_hints_that_were_taken_and_offers_the_next(notebook, tiny_lab):
    notebook.run_all(greet="def greet(name):\n    return {}")
    before = notebook.text("lab.check()")
    assert 'lab.hint("greet") shows hint 1 of 3' in before
    assert "Who is greeted?" not in before
    notebook.run("lab.hint()")
    after = notebook.text("lab.check()")
    assert "hint 1:    Who is greeted?" in after
    assert 'lab.hint("greet") shows hint 2 of 3' in after


def test_an_exercise_that_is_not_there_is_a_sentence_and_nothing_is_counted(notebook, progress_file):
    assert notebook.text('lab.hint("great")') == "'great' is not an exercise of this lab; it has greet, double."
    assert not progress_file.exists()


def test_who_runs_the_solutions_takes_no_hints(notebook, progress_file):
    notebook.begin(progress_file, ROOT / "solutions")
    assert [notebook.text("lab.hint()")[:15] for _ in range(2)] == ["**Hint 1 of 3**"] * 2
    assert not progress_file.exists()
