"""`labs build`: what is built from a lesson, the same each time, and that nothing stale goes unnoticed."""

from __future__ import annotations

import json
import shutil

import nbformat
import pytest

import labs
from labs.authoring import build as building
from labs.authoring.build import build, read_lesson, stale
from labs.course.catalog import Pattern
from labs.errors import UserError

from .conftest import pretend

NOTEBOOK, SOLUTION = "notebooks/00_tiny.ipynb", "solutions/00_tiny.ipynb"
LESSON = "labs/patterns/tiny/lesson.md"


@pytest.fixture
def tiny(tmp_path, monkeypatch, tiny_lab):
    """A root with one lab, nothing built; `tiny.build()` builds it without a kernel."""
    monkeypatch.setattr(building, "execute", pretend)
    folder = tmp_path / "labs" / "patterns" / "tiny"
    shutil.copytree(tiny_lab.folder, folder)
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
        "00_tiny.ipynb is not a notebook that can be read: delete it, and `labs build` makes it anew."
    )
    with pytest.raises(UserError, match="is not a notebook that can be read"):
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
