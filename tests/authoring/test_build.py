"""`labs build`: what is built from a lesson, the same each time, and that nothing stale goes unnoticed."""

import json
import shutil
from pathlib import Path

import nbformat
import pytest

import labs
from labs.authoring import build as building
from labs.authoring.assemble import assemble, starters
from labs.authoring.build import build, read_lesson, stale
from labs.authoring.execute import execute, scrub
from labs.course.catalog import Pattern
from labs.errors import UserError

TINY = Path(__file__).parents[1] / "labs" / "tiny"
NOTEBOOK, SOLUTION = "notebooks/00_tiny.ipynb", "solutions/00_tiny.ipynb"
LESSON = "labs/patterns/tiny/lesson.md"


def pretend(notebook, folder, where):
    """Stands in for a kernel: every cell runs and says where it is."""
    for number, cell in enumerate((cell for cell in notebook.cells if cell.cell_type == "code"), 1):
        cell.execution_count = number
        cell.outputs = [nbformat.v4.new_output("stream", text=f"{folder.name} {number}\n")]


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A root with one lab, nothing built; `tiny.build()` builds it without a kernel."""
    monkeypatch.setattr(building, "execute", pretend)
    folder = tmp_path / "labs" / "patterns" / "tiny"
    shutil.copytree(TINY, folder)
    return Root(tmp_path, folder)


class Root:
    def __init__(self, root, folder):
        self.root, self.folder = root, folder
        self.said = []

    @property
    def patterns(self):
        return [Pattern(self.folder)]  # a new one: it keeps the lesson it has read

    def build(self, **options):
        self.said.clear()
        return build(self.patterns, self.root, out=self.said.append, **options)

    def stale(self):
        return stale(self.patterns, self.root)

    def edit(self, file, old, new):
        path = self.root / file
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")

    def notebook(self, file):
        return nbformat.read(self.root / file, 4)

    def bytes(self):
        return {path: path.read_bytes() for path in sorted(self.root.rglob("*")) if path.is_file()}


def cell_of(notebook, exercise):
    [cell] = [cell for cell in notebook.cells if cell.metadata.get("labs") == {"exercise": exercise}]
    return cell


def test_builds_everything_and_then_nothing(tiny):
    assert tiny.build() == [
        "labs/patterns/tiny/lesson.json",
        NOTEBOOK,
        SOLUTION,
    ]
    before = tiny.bytes()

    assert tiny.build() == []
    assert tiny.said == []
    assert tiny.bytes() == before
    assert tiny.stale() == []


def test_forced_it_makes_the_same_bytes_again(tiny):
    tiny.build()
    before = tiny.bytes()

    assert tiny.build(force=True) == []
    assert tiny.said == [f"executing {SOLUTION}"]
    assert tiny.bytes() == before


def test_the_learners_notebook(tiny):
    tiny.build()
    notebook = tiny.notebook(NOTEBOOK)
    greet = cell_of(notebook, "greet")

    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert greet.source.endswith("raise NotImplementedError")
    assert greet.metadata == {"deletable": False, "labs": {"exercise": "greet"}, "tags": ["exercise"]}
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)
    assert not any("Who is greeted?" in cell.source or "SOLUTION" in cell.source for cell in notebook.cells)
    for cell in notebook.cells:
        if "labs" not in cell.metadata:
            assert (cell.metadata.deletable, cell.metadata.editable) == (False, False)


def test_an_author_may_open_a_provided_cell(tiny):
    tiny.edit(
        LESSON,
        '```{code-cell} python\nlab.check("greet")',
        '```{code-cell} python\n:editable: true\n\nlab.check("greet")',
    )
    tiny.build()

    [cell] = [cell for cell in tiny.notebook(NOTEBOOK).cells if cell.source == 'lab.check("greet")']
    assert (cell.metadata.deletable, cell.metadata.editable) == (False, True)


def test_metadata_is_plain_and_the_same_everywhere(tiny):
    tiny.build()
    text = (tiny.root / NOTEBOOK).read_text("utf-8")
    metadata = tiny.notebook(NOTEBOOK).metadata

    assert text.endswith("}\n")
    assert text == json.dumps(json.loads(text), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    assert metadata.kernelspec == {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    }
    assert metadata.language_info == {"name": "python"}
    assert metadata.labs.lab == "tiny"
    assert metadata.labs.release == labs.__version__
    assert metadata.labs.lesson == read_lesson(tiny.patterns[0]).digest


def test_ids_are_readable_and_stay_when_a_cell_is_added_elsewhere(tiny):
    tiny.build()
    before = [cell.id for cell in tiny.notebook(NOTEBOOK).cells]
    assert before == [
        *("tiny", "tiny-1", "tiny-2", "tiny-3"),
        *("exercise-1-greet", "greet", "exercise-1-greet-1"),
        *("exercise-2-double", "double", "exercise-2-double-1", "exercise-2-double-2"),
    ]

    tiny.edit(LESSON, "## Exercise 1: Greet\n", "```{code-cell} python\n1 + 1\n```\n\n## Exercise 1: Greet\n")
    tiny.build()
    after = [cell.id for cell in tiny.notebook(NOTEBOOK).cells]
    assert [name for name in after if name != "tiny-4"] == before


def test_the_solved_notebook(tiny):
    tiny.build()
    notebook = tiny.notebook(SOLUTION)

    assert cell_of(notebook, "double").source.endswith('    return {"number": 2 * number}')
    assert [cell.outputs[0].text for cell in notebook.cells if cell.cell_type == "code"][:2] == [
        *("solutions 1\n", "solutions 2\n"),
    ]


def test_prose_costs_no_execution(tiny):
    tiny.build()
    tiny.edit(LESSON, "Who is greeted?", "Whom do we greet?")  # a hint: in no notebook

    assert tiny.stale() != []
    assert tiny.build() == ["labs/patterns/tiny/lesson.json", NOTEBOOK, SOLUTION]  # the digest changed
    assert tiny.said == []
    assert tiny.stale() == []


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (LESSON, "2 * number", "number * 2"),
        ("labs/patterns/tiny/checks/double.py", "is doubled", "is twice as much"),
    ],
    ids=["solution", "checks"],
)
def test_what_outputs_depend_on_costs_an_execution(tiny, file, old, new):
    tiny.build()
    tiny.edit(file, old, new)

    assert any(sentence.startswith(SOLUTION) for sentence in tiny.stale())
    assert SOLUTION in tiny.build()
    assert tiny.said == [f"executing {SOLUTION}"]
    assert tiny.stale() == []


def test_without_execution_the_solution_stays(tiny):
    tiny.build(execute=False)

    assert not (tiny.root / SOLUTION).exists()
    assert tiny.stale() == [f"{SOLUTION} is missing: run `labs build tiny`."]


def work_in(tiny):
    notebook = tiny.notebook(NOTEBOOK)
    cell_of(notebook, "greet").source = "def greet(name):\n    return {'hello': name}"
    nbformat.write(notebook, tiny.root / NOTEBOOK)


def test_somebodys_work_is_not_overwritten(tiny):
    tiny.build()
    work_in(tiny)
    before = tiny.bytes()
    tiny.edit(LESSON, "minutes: 5", "minutes: 6")

    with pytest.raises(UserError, match=r"notebooks/00_tiny\.ipynb holds work that no lesson builds: move it away"):
        tiny.build()
    assert tiny.bytes()[tiny.root / NOTEBOOK] == before[tiny.root / NOTEBOOK]

    assert NOTEBOOK in tiny.build(force=True)
    assert tiny.stale() == []


def drop_a_cell(tiny):
    notebook = tiny.notebook(NOTEBOOK)
    del notebook.cells[3]
    nbformat.write(notebook, tiny.root / NOTEBOOK)


def run_it(tiny):
    notebook = tiny.notebook(NOTEBOOK)
    pretend(notebook, tiny.root, "")
    nbformat.write(notebook, tiny.root / NOTEBOOK)


def not_executed(tiny):
    notebook = tiny.notebook(SOLUTION)
    notebook.cells[1].execution_count, notebook.cells[1].outputs = None, []
    nbformat.write(notebook, tiny.root / SOLUTION)


STALE = {
    "lesson.json": (
        lambda tiny: (tiny.folder / "lesson.json").unlink(),
        "labs/patterns/tiny/lesson.json is missing: run `labs build tiny`.",
    ),
    "old lesson.json": (
        lambda tiny: tiny.edit("labs/patterns/tiny/lesson.json", "Tiny", "Tinier"),
        f"labs/patterns/tiny/lesson.json is not what {LESSON} gives now: run `labs build tiny`.",
    ),
    "notebook": (
        lambda tiny: (tiny.root / NOTEBOOK).unlink(),
        f"{NOTEBOOK} is missing: run `labs build tiny`.",
    ),
    "edited notebook": (
        work_in,
        f"{NOTEBOOK} is not what {LESSON} gives now (cell greet differs): run `labs build tiny`.",
    ),
    "a cell less": (
        drop_a_cell,
        f"{NOTEBOOK} is not what {LESSON} gives now (the order of its cells differs): run `labs build tiny`.",
    ),
    "outputs": (
        run_it,
        f"{NOTEBOOK} holds outputs, which are for the learner to make: run `labs build tiny`.",
    ),
    "not executed": (not_executed, f"{SOLUTION} was not executed: run `labs build tiny`."),
    "release": (
        lambda tiny: tiny.edit(SOLUTION, f'"release": "{labs.__version__}"', '"release": "0.0.0"'),
        f"{SOLUTION} is not what {LESSON} gives now (metadata differs): run `labs build tiny`.",
    ),
    "renumbered": (
        lambda tiny: (tiny.root / NOTEBOOK).with_name("07_tiny.ipynb").write_text("{}"),
        "notebooks/07_tiny.ipynb has another number than the lesson's `order:`: delete it.",
    ),
    "renamed": (
        lambda tiny: (tiny.root / SOLUTION).with_name("03_large.ipynb").write_text("{}"),
        "solutions/03_large.ipynb belongs to no lab: delete it.",
    ),
}


@pytest.mark.parametrize(("change", "sentence"), STALE.values(), ids=STALE)
def test_stale_files_are_named(tiny, change, sentence):
    tiny.build()
    change(tiny)

    assert tiny.stale() == [sentence]


def test_a_file_that_is_no_notebook(tiny):
    tiny.build()
    (tiny.root / NOTEBOOK).write_text("{")

    [sentence] = tiny.stale()
    assert sentence.endswith(
        "00_tiny.ipynb is no notebook that can be read: delete it, and `labs build` makes it anew."
    )
    with pytest.raises(UserError, match="is no notebook that can be read"):
        tiny.build()


def test_a_broken_lesson_changes_nothing(tiny):
    tiny.build()
    before = tiny.bytes()
    tiny.edit(LESSON, "title: Tiny", "heading: Tiny")
    before[tiny.root / LESSON] = (tiny.root / LESSON).read_bytes()

    with pytest.raises(UserError, match=r"lesson\.md: its front matter needs `title:`, a text\."):
        tiny.build()
    assert tiny.bytes() == before
    [sentence] = tiny.stale()
    assert "needs `title:`" in sentence


# Execution


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


# The module that graders serve


def served(source):
    namespace = {}
    exec(compile(source, "service.py", "exec"), namespace)
    return namespace


def test_assembled_from_the_reference(tiny):
    namespace = served(assemble(read_lesson(tiny.patterns[0])))

    assert namespace["double"](4) == {"number": 8}
    assert "create_app" in namespace
    assert "lab" not in namespace


def test_assembled_from_starters_and_one_answer(tiny):
    lesson = read_lesson(tiny.patterns[0])
    source = assemble(lesson, starters(lesson) | {"greet": "def greet(name):\n    return name"})
    namespace = served(source)

    assert namespace["greet"]("Ada") == "Ada"
    with pytest.raises(NotImplementedError):
        namespace["double"](4)
    assert [line for line in source.split("\n") if line.startswith("# %%")] == [
        "# %% provided",
        "# %% greet (Greet by name)",
        "# %% double",
        "# %% provided",
    ]


def test_the_ladder(tiny):
    lesson = read_lesson(tiny.patterns[0])

    assert list(starters(lesson)) == ["greet", "double"]
    assert list(starters(lesson, after=1)) == ["double"]


def test_future_imports_of_a_cell_move_to_the_top(tiny):
    lesson = read_lesson(tiny.patterns[0])
    source = assemble(
        lesson, {"greet": "from __future__ import annotations\n\ndef greet(name: Nothing):\n    return 1"}
    )

    assert source.startswith("from __future__ import annotations\n")
    assert served(source)["greet"].__annotations__ == {"name": "Nothing"}


def test_an_unknown_exercise(tiny):
    with pytest.raises(UserError, match=r"tiny has no exercise 'great': its exercises are greet, double\."):
        assemble(read_lesson(tiny.patterns[0]), {"great": ""})
