"""`labs new`: a skeleton that works, lacks nothing but its counts, and gets in nobody's way."""

import pytest

from labs import cli
from labs.authoring import build as building
from labs.authoring import scaffold
from labs.authoring.build import build, read_lesson
from labs.authoring.content import MINIMUM
from labs.authoring.scaffold import next_steps, write_skeleton
from labs.authoring.verify import verify
from labs.course import catalog
from labs.course.catalog import Pattern
from labs.errors import UserError


@pytest.fixture
def patterns(tmp_path):
    """The labs of a course in which `first`, with the title First and the number 4, is the only one."""
    folder = tmp_path / "labs" / "patterns"
    write_skeleton(folder, "first", order=4)
    return folder


def pretend(notebook, folder, where):
    for number, cell in enumerate((cell for cell in notebook.cells if cell.cell_type == "code"), 1):
        cell.execution_count = number


@pytest.mark.slow
def test_verify_finds_nothing_wrong_but_the_counts(patterns, tmp_path, monkeypatch):
    monkeypatch.setattr(building, "execute", pretend)
    write_skeleton(patterns, "rate_limiting")
    pattern = Pattern(patterns / "rate_limiting")
    build([pattern], tmp_path, out=lambda line: None)
    lines = []

    assert not verify([pattern], jobs=1, root=tmp_path, out=lines.append, thorough=True)
    assert lines[lines.index("3 problems:") + 1 :] == [
        f"labs/patterns/rate_limiting/checks: has 1 check; a lab has at least {MINIMUM['checks']}",
        f"labs/patterns/rate_limiting/answers: has 1 right answer; a lab has at least {MINIMUM['right']}",
        f"labs/patterns/rate_limiting/answers: has 1 wrong answer; a lab has at least {MINIMUM['wrong']}",
    ]
    assert not any("no wrong answer fails" in line for line in lines)


def test_it_comes_last_and_is_called_as_its_folder(patterns):
    write_skeleton(patterns, "rate_limiting")
    lesson = read_lesson(Pattern(patterns / "rate_limiting"))

    assert (lesson.title, lesson.order) == ("Rate limiting", 5)


@pytest.mark.parametrize("title", ["Limits: how many?", 'The "other" #1', "Überlast", "yes", "$name", "C:\\temp"])
def test_any_title_is_kept_as_it_is(patterns, title):
    write_skeleton(patterns, "rate_limiting", title=f"  {title}\n", order=0)
    lesson = read_lesson(Pattern(patterns / "rate_limiting"))

    assert (lesson.title, lesson.order) == (title, 0)


@pytest.mark.parametrize("name", ["Rate", "rate-limiting", "2nd", "_rate", "", "../rate", "class", "all", "größe"])
def test_a_name_that_is_not_one(patterns, name):
    with pytest.raises(UserError, match=r"can't be a lab's name: take lower-case letters, digits and _"):
        write_skeleton(patterns, name)
    assert [path.name for path in patterns.iterdir()] == ["first"]


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("first", {}, "There is a .*/first already: take another name."),
        ("other", {"title": "First"}, "The lab first has the title 'First' already: take another with --title."),
        ("other", {"order": 4}, "The lab first has the number 4 already: take another with --order."),
        ("other", {"order": 100}, "from 0 to 99, and this is 100: take another with --order."),
        ("other", {"order": -1}, "from 0 to 99, and this is -1: take another with --order."),
    ],
)
def test_what_is_taken_or_out_of_bounds_is_refused_and_nothing_is_written(patterns, name, options, said):
    before = {path: path.read_bytes() for path in patterns.rglob("*") if path.is_file()}

    with pytest.raises(UserError, match=said):
        write_skeleton(patterns, name, **options)
    assert {path: path.read_bytes() for path in patterns.rglob("*") if path.is_file()} == before


def test_a_broken_lab_beside_it_is_in_nobodys_way(patterns):
    (patterns / "first" / "lesson.md").write_text("---\ntitel: First\n---\n")

    write_skeleton(patterns, "other")
    assert read_lesson(Pattern(patterns / "other")).order == 1


def test_half_a_lab_is_taken_away_again(patterns, monkeypatch):
    monkeypatch.setattr(scaffold, "WRONG", None)  # write_text raises, after three files

    with pytest.raises(TypeError):
        write_skeleton(patterns, "other")
    assert not (patterns / "other").exists()


def test_the_command_says_what_it_wrote_and_what_is_next(patterns, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(catalog, "PATTERNS", patterns)
    monkeypatch.setattr(catalog, "ROOT", tmp_path)

    assert cli.main(["new", "rate_limiting", "--title", "Limits", "--order", "7"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("wrote labs/patterns/rate_limiting/lesson.md\n")
    assert said.endswith(next_steps("rate_limiting") + "\n")
    assert "labs build rate_limiting" in said
    assert read_lesson(Pattern(patterns / "rate_limiting")).title == "Limits"

    assert cli.main(["new", "rate_limiting"]) == 2
    assert capsys.readouterr().err.startswith("labs: There is a ")
