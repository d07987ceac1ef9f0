"""Executing a solved notebook: what of the machine stays out of it, and what is no solution."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

import labs
from labs.authoring.execute import execute, scrub
from labs.errors import UserError

LESSON = "labs/patterns/tiny/lesson.md"


def notebook_of(*sources, tags=()):
    cells = [
        nbformat.v4.new_code_cell(source, id=f"cell-{number}", metadata={"tags": list(tags)})
        for number, source in enumerate(sources, 1)
    ]
    return nbformat.v4.new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})


def test_a_kernel_in_the_right_folder_leaves_nothing_of_this_machine(tmp_path):
    notebook = notebook_of("import os, pathlib\npathlib.Path('here').touch()", "import json\njson.loads('?')")
    notebook.cells[1].metadata.tags = ["raises-exception"]

    execute(notebook, tmp_path, "lesson.md")

    assert (tmp_path / "here").is_file()
    assert notebook.metadata == {"language_info": {"name": "python"}}
    assert [cell.execution_count for cell in notebook.cells] == [1, 2]
    assert [list(cell.metadata) for cell in notebook.cells] == [["tags"], ["tags"]]
    [error] = notebook.cells[1].outputs
    assert error.ename == "JSONDecodeError"
    assert "/json/decoder.py" in "".join(error.traceback)
    assert str(Path(json.__file__).parent) not in "".join(error.traceback)


def test_a_cell_that_raises_is_named(tmp_path):
    with pytest.raises(UserError) as caught:
        execute(notebook_of("1 / 0"), tmp_path, LESSON)

    assert str(caught.value) == (
        f"{LESSON}: the solved notebook stops in cell 'cell-1' with ZeroDivisionError: division by zero"
    )


def test_a_cell_that_is_not_python_is_named_without_the_number_of_this_run(tmp_path):
    with pytest.raises(UserError, match=r"in cell 'cell-1' with SyntaxError: invalid syntax \(line 1\)$"):
        execute(notebook_of("1 +* 1"), tmp_path, LESSON)


SHOWN = {
    "  [FAIL] Says hello to\n         everybody\n         cause:     The name is missing.": "Says hello to everybody",
    "  [ !! ] Says hello (check broken: our mistake, not yours)": "Says hello (check broken: our mistake, not yours)",
    "problem: There is no `create_app` yet:\n         run the cells above.": "There is no `create_app` yet: run the cells above.",
}


@pytest.mark.parametrize("text", SHOWN)
def test_a_reference_that_does_not_pass_is_no_solution(tmp_path, text):
    panel = {"text/plain": f"Tiny: 0 of 1 checks pass\n\n{text}\n"}
    with pytest.raises(UserError) as caught:
        execute(notebook_of(f"display({panel!r}, raw=True)"), tmp_path, LESSON)

    assert str(caught.value) == (f"{LESSON}: the solved notebook does not pass, cell 'cell-1' shows “{SHOWN[text]}”.")


def with_output(text, tags=()):
    notebook = notebook_of("pass", tags=tags)
    notebook.cells[0].outputs = [
        nbformat.v4.new_output("stream", text=text),
        nbformat.v4.new_output("display_data", data={"text/plain": text, "application/json": {"a": 1}}),
    ]
    return notebook


LOCAL = [
    f"{Path(labs.__file__).parent}/lesson.py",
    f"{Path.home()}/notes.txt",
    "http://127.0.0.1:43211/docs",
    "<object at 0x7f3a5c0012d0>",
    "/tmp/labs-x1y2/service.sqlite",
]


@pytest.mark.parametrize("text", LOCAL)
def test_what_differs_by_machine_is_refused_where_it_is_compared(text):
    with pytest.raises(UserError, match="the output of cell 'cell-1' differs by machine or run, in .* tag the cell"):
        scrub(with_output(text), LESSON)


@pytest.mark.parametrize("text", LOCAL)
def test_and_rewritten_where_it_is_not(text):
    notebook = with_output(text, tags=["nbval-ignore-output"])
    scrub(notebook, LESSON)

    stream, shown = notebook.cells[0].outputs
    assert stream.text == shown.data["text/plain"] != text
    scrub(notebook, LESSON)
    assert stream.text == shown.data["text/plain"]


@pytest.mark.parametrize("text", ["redis://127.0.0.1:6379/0", "0x10", "See /tmp for more", "1.5 s", "12:00"])
def test_what_is_the_same_everywhere_stays(text):
    notebook = with_output(text)
    scrub(notebook, LESSON)

    assert notebook.cells[0].outputs[0].text == text
