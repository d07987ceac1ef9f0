"""`labs verify`: green for a complete lab, red with the right sentence for each way to break one."""

import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from labs.authoring import build as building
from labs.authoring import content, pool, rules
from labs.authoring import verify as verifying
from labs.authoring.answers import AnswerError, read_answer
from labs.authoring.assemble import assemble
from labs.authoring.build import build, read_lesson
from labs.authoring.pool import Job, _Worker
from labs.authoring.problems import Problems
from labs.authoring.verify import verify
from labs.authoring.worker_messages import InspectChecks, RunChecks, ServedFrom, Service
from labs.course.catalog import Pattern
from labs.errors import UserError
from labs.judge.verdict import Report, Status, Verdict

TINY = Path(__file__).parents[1] / "labs" / "tiny"


def pretend(notebook, folder, where):
    for number, cell in enumerate((cell for cell in notebook.cells if cell.cell_type == "code"), 1):
        cell.execution_count = number


def make_lab(root, name="tiny", order=0, changes=()):
    """A copy of the tiny lab under another name, changed and then built."""
    folder = root / "labs" / "patterns" / name
    shutil.copytree(TINY, folder)
    edit(folder / "lesson.md", 'open_lab("tiny")', f'open_lab("{name}")')
    edit(folder / "lesson.md", "title: Tiny", f"title: Lab {name}")
    edit(folder / "lesson.md", "order: 0", f"order: {order}")
    for file, old, new in changes:
        edit(folder / file, old, new)
    pattern = Pattern(folder)
    build([pattern], root, out=lambda line: None)
    return pattern


def edit(path, old, new):
    """Replace `old`; all of the file when it is empty."""
    if not old:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(new, "utf-8")
        return
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def problems_in(lines):
    """What verify says after the line "3 problems:"."""
    heads = [number for number, line in enumerate(lines) if re.fullmatch(r"\d+ problems?:", line)]
    return lines[heads[0] + 1 :] if heads else []


@pytest.fixture(autouse=True, scope="module")
def no_kernel():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "execute", pretend)
        yield


# What is refused before anything runs


@pytest.fixture(scope="module")
def lesson():
    return read_lesson(Pattern(TINY))


@pytest.fixture(scope="module")
def worker(tmp_path_factory):
    worker = _Worker(str(tmp_path_factory.mktemp("worker")))
    yield worker
    worker.end()


@pytest.fixture
def complaints(monkeypatch, tmp_path, worker):
    """Verify a changed tiny lab without running its services; the problems, one line each."""

    def run(jobs, processes, done):
        for job in jobs:
            if isinstance(job.order, InspectChecks):
                job.result = worker.do(job)
                done(job)

    monkeypatch.setattr(verifying, "run_jobs", run)

    def complain(*changes, built=True, order=0, prepare=lambda folder: None):
        pattern = make_lab(tmp_path, order=order, changes=changes if built else ())
        for file, old, new in () if built else changes:
            edit(pattern.folder / file, old, new)
        prepare(pattern.folder)
        lines = []
        good = verify([Pattern(pattern.folder)], jobs=1, root=tmp_path, out=lines.append)
        sentences = problems_in(lines)
        assert good is (not sentences)
        return sentences

    return complain


def test_a_complete_lab_is_not_complained_about(complaints):
    assert complaints() == []


HINT = '+++ {"tags": ["hint"], "exercise": "greet"}\n\nReturn a dictionary.\n\n'
LAB = "labs/patterns/tiny"

REFUSED = {
    "two hints": (("lesson.md", HINT, ""), "lesson.md: exercise greet has 2 hints instead of 3"),
    "four hints": (("lesson.md", HINT, HINT * 2), "lesson.md: exercise greet has 4 hints instead of 3"),
    "an empty hint": (
        ("lesson.md", HINT, HINT.replace("Return a dictionary.", "")),
        "lesson.md: exercise greet has 2 hints instead of 3",
    ),
    "two exercises with a title": (
        ("lesson.md", ":name: double\n", ":name: double\n:title: Greet by name\n"),
        "lesson.md: two exercises have the title “Greet by name”",
    ),
    "another opening": (
        ("lesson.md", "from labs import open_lab\n\nlab", "from labs import open_lab\nlab"),
        'lesson.md: the first code cell has to be `from labs import open_lab`, an empty line, `lab = open_lab("tiny")`',
    ),
    "no diagram": (
        ("lesson.md", "```mermaid", "```text"),
        "lesson.md: has no diagram: a fence ```mermaid shows the way of a request",
    ),
    "no table": (
        ("lesson.md", "|---|---|\n", ""),
        "lesson.md: has no table: the lab's part of the contract belongs into one",
    ),
    "an exercise that is not checked": (
        ("lesson.md", 'lab.check("double")', "lab.show()"),
        'lesson.md: exercise double is never checked: a cell with `lab.check("double")` belongs below it',
    ),
    "no docstring": (
        ("checks/double.py", '    """Every number is doubled."""\n', ""),
        "checks/double.py: test_doubles has no docstring: its first line is the title that learners read",
    ),
    "checks for nothing": (
        ("checks/treble.py", "", "def test_trebles(service):\n    pass\n"),
        "checks/treble.py: holds test_trebles, and no exercise of the lesson is called 'treble'",
    ),
    "an exercise named in a mark": (
        ("checks/double.py", 'check(level="medium"', 'check("double", level="medium"'),
        "checks/double.py: test_doubles has `'double'` in its mark, which nothing reads: "
        "there are level, after, points, read",
    ),
    "an unknown level": (
        ("checks/double.py", 'level="medium"', 'level="brutal"'),
        "checks/double.py: test_doubles has the level 'brutal'; it is one of easy, medium, hard, expert",
    ),
    "a slip in a mark": (
        ("checks/double.py", 'level="medium"', 'lvl="medium"'),
        "checks/double.py: test_doubles has `lvl` in its mark, which nothing reads: there are level, after, points, read",
    ),
    "two checks with a name": (
        ("checks/double.py", "import pytest\n", "import pytest\n\n\ndef test_doubles(service):\n    pass\n"),
        "checks/double.py: two functions are named test_doubles, and the first is lost: give one of them another name",
    ),
    "no points": (
        ("checks/double.py", 'level="medium"', "points=0"),
        "checks/double.py: test_doubles is worth 0 points; it is worth 1 or more",
    ),
    "an unknown heading": (
        ("checks/greet.py", 'read="Exercise 1: Greet"', 'read="Exercise 9"'),
        "checks/greet.py: test_greets_by_name sends learners to “Exercise 9”, which is not a heading of the lesson",
    ),
    "after nothing": (
        ("checks/greet.py", 'after="test_greets"', 'after=("test_greets", "test_meets")'),
        "checks/greet.py: test_greets_by_name waits for test_meets, which does not exist",
    ),
    "after a later one": (
        ("checks/greet.py", 'after="test_greets"', 'after="test_doubles"'),
        "checks/greet.py: test_greets_by_name waits for test_doubles, which comes later",
    ),
    "two checks with a title": (
        ("checks/double.py", "Every number is doubled", "The greeting holds the name"),
        "checks: two checks have the title “The greeting holds the name”",
    ),
    "an import from elsewhere": (
        ("checks/double.py", "import pytest\n", "import httpx\nimport json\nimport pytest\n"),
        "checks/double.py: imports httpx: checks use the standard library, pytest and labs.judge only",
    ),
    "an import from our insides": (
        ("checks/double.py", "import pytest\n", "import pytest\n\nfrom labs.judge.run import run_checks\n"),
        "checks/double.py: imports labs.judge.run: checks use the standard library, pytest and labs.judge only",
    ),
    "checks that can't be imported": (
        ("checks/double.py", "import pytest\n", "import pytest\n\n1 / 0\n"),
        "checks/double.py: can't be imported: ZeroDivisionError: division by zero",
    ),
    "two checks with a name in two files": (
        ("checks/double.py", "test_doubles", "test_greets"),
        "checks: two modules have a check test_greets: give one of them another name",
        "answers/wrong/adds_two.py: names the check test_doubles, which checks/ does not have",
        "answers/wrong/squares.py: names the check test_doubles, which checks/ does not have",
    ),
    "no checks": (
        ("checks/double.py", "def test_", "def attempt_"),
        "checks/double.py: holds no checks that pytest can collect: name them test_… and run pytest on the file",
        "answers/wrong/adds_two.py: names the check test_doubles, which checks/ does not have",
        "answers/wrong/squares.py: names the check test_doubles, which checks/ does not have",
    ),
    "a wrong answer without a check": (
        ("answers/wrong/squares.py", "check: test_doubles\n", ""),
        "answers/wrong/squares.py needs a line `check: …` in its docstring: the check that must fail.",
        "answers: has 3 wrong answers; a lab has at least 4",
    ),
    "a wrong answer without a cause": (
        ("answers/wrong/squares.py", "cause: multiply by two\n", ""),
        "answers/wrong/squares.py needs a line `cause: …` in its docstring: what the learner must be told.",
        "answers: has 3 wrong answers; a lab has at least 4",
    ),
    "an answer for an unknown exercise": (
        ("answers/wrong/squares.py", "exercise: double", "exercise: treble"),
        "answers/wrong/squares.py is for the exercise 'treble', but the lesson has greet, double.",
        "answers: has 3 wrong answers; a lab has at least 4",
    ),
    "an answer for an unknown check": (
        ("answers/wrong/squares.py", "check: test_doubles", "check: test_trebles"),
        "answers/wrong/squares.py: names the check test_trebles, which checks/ does not have",
    ),
    "two answers with a title": (
        ("answers/wrong/squares.py", "The square.", "Two added instead of multiplied by."),
        "answers/wrong/squares.py: has the same first line as adds_two.py: “Two added instead of multiplied by”",
    ),
    "a stray file": (
        ("answers/wrong/notes.txt", "", "try this"),
        "answers/wrong/notes.txt: is read by nothing: a lab is lesson.md, checks/*.py and answers/right|wrong/*.py",
    ),
}


@pytest.mark.parametrize(("change", "sentences"), [(case[0], case[1:]) for case in REFUSED.values()], ids=REFUSED)
def test_incomplete_content_is_refused(complaints, tmp_path, change, sentences):
    found = [line.removeprefix(f"{tmp_path}/").removeprefix(f"{LAB}/") for line in complaints(change)]

    assert found == sorted(sentences, key=found.index)


def test_no_checks_file(complaints):
    found = complaints(built=False, prepare=lambda folder: (folder / "checks/double.py").unlink())

    assert f"{LAB}/checks/double.py: is missing: it holds the checks of the exercise 'double'" in found


def test_checks_of_another_encoding(complaints):
    def save(folder):
        text = (folder / "checks/double.py").read_text("utf-8")
        (folder / "checks/double.py").write_bytes(
            f"# -*- coding: latin-1 -*-\n# Größe\n{text}".encode("latin-1", "replace")
        )

    assert f"{LAB}/checks/double.py: is not UTF-8: save it as UTF-8" in complaints(prepare=save)


def test_a_check_that_no_wrong_answer_fails_is_named(complaints, tmp_path):
    moved = [
        (f"answers/wrong/{name}.py", "check: test_doubles", "check: test_greets") for name in ("adds_two", "squares")
    ]
    lines = []

    assert verify([make_lab(tmp_path, changes=moved)], jobs=1, root=tmp_path, out=lines.append)
    assert "\ntiny: no wrong answer fails test_doubles." in lines


def test_a_real_lab_needs_more_than_the_tour(complaints):
    assert complaints(order=5) == [
        f"{LAB}/checks: has 3 checks; a lab has at least {content.MINIMUM['checks']}",
        f"{LAB}/answers: has 2 right answers; a lab has at least {content.MINIMUM['right']}",
        f"{LAB}/answers: has 4 wrong answers; a lab has at least {content.MINIMUM['wrong']}",
    ]


def test_a_stale_notebook_is_refused(complaints):
    found = complaints(("lesson.md", "minutes: 5", "minutes: 6"), built=False)

    assert (
        f"notebooks/00_tiny.ipynb is not what {LAB}/lesson.md gives now (metadata differs): run `labs build tiny`."
        in found
    )


def test_a_broken_lesson_is_one_sentence(complaints, tmp_path):
    found = complaints(("lesson.md", ":name: greet\n", ""), built=False)

    assert found == [
        f"{tmp_path}/{LAB}/lesson.md: an exercise cell needs `:name:`, a Python identifier (below “Exercise 1: Greet”)."
    ]


def test_caches_are_no_stray_files(complaints):
    def cache(folder):
        (folder / "__pycache__").mkdir(exist_ok=True)
        (folder / "__pycache__" / "double.pyc").touch()

    assert complaints(prepare=cache) == []


def test_labs_that_share_a_title_or_a_number(monkeypatch, tmp_path):
    monkeypatch.setattr(verifying, "run_jobs", lambda *arguments: None)
    labs = [
        make_lab(tmp_path, name, changes=[("lesson.md", f"title: Lab {name}", "title: Tiny")])
        for name in ("one", "two")
    ]
    lines = []

    assert not verify(labs, jobs=1, root=tmp_path, out=lines.append)
    assert "one and two have the same `title:` in lesson.md, 'Tiny': give one of them another." in lines
    assert "one and two have the same `order:` in lesson.md, 0: give one of them another." in lines


def test_a_lab_that_has_the_number_of_one_beside_it(monkeypatch, tmp_path):
    monkeypatch.setattr(verifying, "run_jobs", lambda *arguments: None)
    new, _ = [make_lab(tmp_path, name) for name in ("new", "old")]
    make_lab(tmp_path, "older", order=3)
    make_lab(tmp_path, "oldest", order=3)
    edit(make_lab(tmp_path, "broken").folder / "lesson.md", "title: ", "titel: ")
    lines = []

    assert not verify([new], jobs=1, root=tmp_path, out=lines.append)
    assert problems_in(lines) == ["new and old have the same `order:` in lesson.md, 0: give one of them another."]


# What is refused because of how it runs


def answer(kind, exercise, body, check="", cause=""):
    fields = f"exercise: {exercise}\n" + (f"check: {check}\ncause: {cause}\n" if check else "")
    return (f"answers/{kind}.py", "", f'"""{kind}.\n\n{fields}"""\n\n{body}\n')


BY_TWO = ("test_doubles", "multiply by two")
DOUBLE = "def double(number: int):\n    "
RUNS = {
    "right/fails": (
        answer("right/fails", "double", DOUBLE + "return {'number': number}"),
        "test_doubles is failed instead of passed: `double` has to multiply by two.",
    ),
    "right/only_in_a_notebook": (
        answer(
            "right/only_in_a_notebook",
            "double",
            "import sys\n"
            + DOUBLE
            + (
                "if 'labs.service.process_child' in sys.modules['__main__'].__spec__.name:\n        return {}\n"
                "    return {'number': number * 2}"
            ),
        ),
        "served from a process of its own: test_doubles is failed instead of passed: `double` has to multiply by two.",
    ),
    "right/unfinished": (
        answer("right/unfinished", "double", DOUBLE + "raise NotImplementedError"),
        "test_doubles is not started instead of passed (double raises NotImplementedError)",
    ),
    "wrong/is_right": (
        answer("wrong/is_right", "double", DOUBLE + "return {'number': number * 2}", *BY_TWO),
        "test_doubles is passed instead of failed",
    ),
    "wrong/other_check": (
        answer("wrong/other_check", "double", DOUBLE + "return {}", "test_greets", "raised"),
        "test_greets is passed instead of failed",
    ),
    "wrong/other_cause": (
        answer("wrong/other_cause", "double", DOUBLE + "return {}", "test_doubles", "by three"),
        "test_doubles fails, but is told “`double` has to multiply by two.”, which does not contain “by three”",
    ),
    "wrong/waits": (
        answer(
            "wrong/waits",
            "greet",
            "def greet(name: str):\n    return {}[name]",
            "test_greets_by_name",
            "typed",
        ),
        "test_greets_by_name is waiting instead of failed (waits for “The greeting answers 200”)",
    ),
    "wrong/breaks_the_check": (
        answer("wrong/breaks_the_check", "double", DOUBLE + "return {'number': 13}", *BY_TWO),
        "test_doubles is broken instead of failed: The check itself broke: RuntimeError: unlucky.",
    ),
    "wrong/breaks_another_check": (
        answer(
            "wrong/breaks_another_check",
            "greet",
            "def greet(name: str):\n    return {'hello': 'unlucky'}",
            "test_greets_by_name",
            "typed into",
        ),
        "test_doubles is broken instead of judged: The check itself broke: RuntimeError: unlucky.",
    ),
    "wrong/does_not_start": (
        answer("wrong/does_not_start", "double", "double = None", *BY_TWO),
        "nothing can be judged: The service did not start.",
    ),
    "wrong/raises_when_imported": (
        answer("wrong/raises_when_imported", "double", "1 / 0", *BY_TWO),
        "Importing the service failed: ZeroDivisionError: division by zero",
    ),
    "wrong/unfinished_when_imported": (
        answer("wrong/unfinished_when_imported", "double", "raise NotImplementedError", *BY_TWO),
        "The service raises NotImplementedError when it is imported, not when it is called.",
    ),
    "wrong/exits": (
        answer("wrong/exits", "double", "import os\n\n\n" + DOUBLE + "os._exit(0)", *BY_TWO),
        "it ended the process that judges it (exit code 0)",
    ),
    "wrong/crashes": (
        answer("wrong/crashes", "double", "import ctypes\n\n\n" + DOUBLE + "ctypes.string_at(0)", *BY_TWO),
        "it ended the process that judges it (killed by signal 11)",
    ),
    # Mistakes that people make: these are what verify must be able to judge
    "wrong/blocks_the_loop": (
        answer(
            "wrong/blocks_the_loop",
            "double",
            "async " + DOUBLE + "while True:\n        pass",
            "test_doubles",
            "blocks or waits for ever",
        ),
    ),
    "wrong/calls_exit": (
        answer(
            "wrong/calls_exit",
            "double",
            "import sys\n\n\nasync " + DOUBLE + "sys.exit(1)",
            "test_doubles",
            "ended its process",
        ),
    ),
    "wrong/prints_a_lot": (
        answer(
            "wrong/prints_a_lot",
            "double",
            "import os\n\n\n" + DOUBLE + "os.write(1, b'x' * 100000 + b'\\n{}\\n')\n    return {}",
            *BY_TWO,
        ),
    ),
}
UNLUCKY = (
    "checks/double.py",
    '    assert got == {"number": 2',
    '    if got == {"number": 13} or "unlucky" in service.get("/hello/you").text:\n'
    '        raise RuntimeError("unlucky")\n    assert got == {"number": 2',
)
SWALLOWS = (
    "lesson.md",
    '    app.get("/hello/{name}")(greet)\n',
    "    app.exception_handler(NotImplementedError)(lambda request, error: Response('{}'))\n"
    '    app.get("/hello/{name}")(greet)\n',
)
CALLS_BOTH = (
    "lesson.md",
    '    app.get("/hello/{name}")(greet)\n',
    '    app.get("/hello/{name}")(lambda name: [double(1), greet(name)][1])\n',
)


@pytest.fixture(scope="module")
def proof(tmp_path_factory):
    """One verify of several broken labs: whether all was good, and everything that was said."""
    root = tmp_path_factory.mktemp("proof")
    changes = [UNLUCKY, *(case[0] for case in RUNS.values())]
    labs = [
        make_lab(root, "answers", 0, changes),
        make_lab(root, "swallows", 1, [SWALLOWS, ("lesson.md", "import FastAPI", "import FastAPI, Response")]),
        make_lab(root, "entangled", 2, [CALLS_BOTH]),
        make_lab(root, "complete", 3),
    ]
    for pattern in labs[1:3]:  # they are about the starter
        shutil.rmtree(pattern.folder / "answers")
    lines = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(content, "MINIMUM", content.TOUR)
        good = verify(labs, jobs=2, root=root, out=lines.append, thorough=True)
    return good, lines


def said_of(proof, file):
    return [line.partition(": ")[2] for line in problems_in(proof[1]) if line.partition(": ")[0].endswith(file)]


@pytest.mark.parametrize("name", RUNS)
def test_each_answer_is_judged_by_what_it_does(proof, name):
    _, *sentences = RUNS[name]
    found = said_of(proof, f"labs/patterns/answers/answers/{name}.py")

    assert len(found) >= len(sentences)
    assert not found or sentences, found
    for sentence in sentences:
        assert any(line.startswith(sentence) for line in found), found


def test_good_answers_beside_them_are_left_alone(proof):
    for name in (
        "right/both",
        "right/concatenated",
        "wrong/adds_two",
        "wrong/raises",
        "wrong/squares",
        "wrong/typed_in",
    ):
        assert said_of(proof, f"{name}.py") == []


def test_a_starter_that_looks_wrong(proof):
    found = said_of(proof, "labs/patterns/swallows/lesson.md")

    assert any(
        line.startswith("the untouched starter: test_greets_by_name is failed instead of not started: ")
        for line in found
    )
    assert any(line.startswith("the untouched starter, served from a process of its own: ") for line in found)
    assert any(
        line.startswith("the starter with greet solved: test_doubles is failed instead of not started")
        for line in found
    )
    assert not any(line.startswith("the reference") for line in found)


def test_an_exercise_that_needs_a_later_one(proof):
    found = said_of(proof, "labs/patterns/entangled/lesson.md")

    told = [
        line
        for line in found
        if line.startswith("the starter with greet solved: test_greets is failed instead of passed: ")
    ]
    assert len(told) == 1
    assert "The request came as far as `double`, which a later exercise writes." in told[0]
    assert any(
        line.startswith("the starter with greet solved: test_greets_by_name is waiting instead of passed")
        for line in found
    )


def test_the_table_and_the_verdict(proof):
    good, lines = proof
    head = next(number for number, line in enumerate(lines) if line.startswith("lab "))

    assert not good
    assert lines[head].split() == ["lab", "exercises", "checks", "right", "wrong", "seconds", "verdict"]
    assert lines[head + 3].split()[-2:] == ["8", "problems"]
    name, exercises, checks, right, wrong, seconds, state = lines[head + 4].split()
    assert (name, exercises, checks, right, wrong, state) == ("complete", "2", "3", "2", "4", "proven")
    assert 0 < float(seconds) < 5


def test_a_complete_lab_is_proven(proof):
    assert not [line for line in proof[1] if "/complete/" in line]


def test_every_problem_names_a_file_and_the_seed_that_shows_it(proof):
    for line in problems_in(proof[1]):
        assert line.startswith("labs/patterns/")
        assert "\n" not in line
        if " instead of " in line:
            assert re.search(r" \(seed [0-9a-f]{8}\)$", line)


# Answers that never come to an end

HANGS = {
    "waits": DOUBLE + "pass\n\n\nimport time\n\ntime.sleep(600)",
    "holds the interpreter": "import re\n\nre.match('(a+)+$', 'a' * 60 + 'b')",  # no other thread gets to run
}


def order(lesson, sources, deadline=60.0):
    services = tuple(Service(source) for source in sources)
    return Job("job", RunChecks(str(TINY), lesson, services, ServedFrom.RUNNER, deadline=deadline), lambda job: None)


@pytest.mark.parametrize("body", HANGS.values(), ids=HANGS)
def test_a_run_has_a_deadline(monkeypatch, worker, lesson, body):
    monkeypatch.setattr(pool, "SLACK", 1.0)
    sources = [assemble(lesson), assemble(lesson, {"double": body}), assemble(lesson)]
    worker.do(order(lesson, []))
    started = time.monotonic()
    result = worker.do(order(lesson, sources, deadline=2.0))

    assert time.monotonic() - started < 8
    assert result.late
    assert len(result.runs) == 1
    assert worker.do(order(lesson, sources[:1])).runs[0].reports


def test_an_interrupted_verify_leaves_no_process(monkeypatch, lesson):
    started = []
    start = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: started.append(start(*a, **k)) or started[-1])
    jobs = [order(lesson, [assemble(lesson)]) for _ in range(4)]

    def interrupt(job):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pool.run_jobs(jobs, 2, interrupt)
    assert len(started) >= 1
    assert all(process.poll() is not None for process in started)


# The rules by themselves


def verdict(check, status, exercise="greet", **fields):
    return Verdict(check, f"title of {check}", exercise, status=status, **fields)


def judged(rule, *verdicts, **options):
    return [sentence for _, sentence in rule(Report("tiny", "Tiny", list(verdicts)), **options)]


NOT_STARTED, WAITING, PASSED, FAILED = Status.NOT_STARTED, Status.WAITING, Status.PASSED, Status.FAILED


@pytest.mark.parametrize("status", [s for s in Status if s is not PASSED])
def test_passing_is_the_only_way_to_pass(status):
    assert len(judged(rules.must_pass, verdict("a", status), verdict("b", PASSED))) == 1


@pytest.mark.parametrize("status", [s for s in Status if s not in (NOT_STARTED, WAITING)])
def test_a_starter_is_not_started_and_nothing_else(status):
    assert len(judged(rules.must_not_start, verdict("a", NOT_STARTED), verdict("b", status), first="greet")) == 1


def test_a_later_check_may_wait_for_one_that_is_not_started():
    first, later = verdict("a", NOT_STARTED), verdict("b", WAITING, "double", waits_for="title of a")

    assert judged(rules.must_not_start, first, later, first="greet") == []
    assert len(judged(rules.must_not_start, first, verdict("b", WAITING, waits_for="title of a"), first="greet")) == 1
    assert len(judged(rules.must_not_start, first, verdict("b", WAITING, "double", waits_for="x"), first="greet")) == 1


@pytest.mark.parametrize("status", list(Status))
def test_the_rest_of_the_ladder_must_not_look_wrong(status):
    found = judged(rules.must_pass_so_far, verdict("a", PASSED), verdict("b", status, "double"), solved=["greet"])

    assert bool(found) is (status in (FAILED, Status.BROKEN))


def test_causes_are_compared_without_case_backticks_and_line_breaks():
    told = verdict("a", FAILED, cause="The `REDIS_URL` is\n  typed in.")

    assert judged(rules.must_fail, told, check="a", cause="the redis_url is TYPED in") == []
    assert len(judged(rules.must_fail, told, check="a", cause="is read")) == 1


def test_a_problem_that_comes_and_goes_is_counted(tmp_path):
    problems = Problems(tmp_path, 3)
    for seed in ("1a", "2b"):
        problems.at(tmp_path / "x.py", f"test_a is failed (seed {seed})", key="test_a failed", run=True)

    assert problems.lines() == ["", "1 problem:", "x.py: test_a is failed (seed 1a) [2 of 3 times]"]


def test_one_answer_alone(tmp_path, lesson):
    pattern = make_lab(tmp_path)
    lines = []
    assert verify([pattern], jobs=1, root=tmp_path, out=lines.append, only="adds_two")
    assert lines[0] == "1 runs over 1 lab, 1 at once"
    assert any(line.startswith("tiny ") and line.endswith("adds_two holds") for line in lines)
    with pytest.raises(UserError, match="No answer that can be read is called nobody: name a file of answers/"):
        verify([pattern], jobs=1, root=tmp_path, out=lines.append, only="nobody")


def test_ctrl_c_does_not_lose_what_was_found(tmp_path, monkeypatch):
    pattern = make_lab(tmp_path)
    edit(pattern.folder / "lesson.md", "title: Lab tiny", "title: Another")

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(verifying, "run_jobs", interrupt)
    lines = []
    with pytest.raises(KeyboardInterrupt):
        verify([pattern], jobs=1, root=tmp_path, out=lines.append)

    assert any("stale" in line or "labs build" in line for line in problems_in(lines)), lines


def test_a_problem_is_told_when_it_comes_up(tmp_path):
    problems = Problems(tmp_path, 3)
    lines = []
    progress = verifying._Progress(3, problems, lines.append)
    for sentence in ("a", "a", "b"):
        progress.step(Job("tiny", InspectChecks("", None, 60.0), lambda _, said=sentence: problems.say(said, run=True)))

    assert lines == ["! a", "! b"]


# Answer files

ANSWER = '"""What it is.\n\nexercise: double\ncheck: test_doubles\ncause: by two\n"""\n\n\ndef double(number):\n    return 1\n'

UNREADABLE = {
    "no Python": (ANSWER + "def", "is not Python in line 11: invalid syntax"),
    "no docstring": (
        "x = 1",
        "needs a docstring that says what the answer is, then `exercise:` and its name",
    ),
    "an empty docstring": ('"""  """\nx = 1', "needs a docstring"),
    "no first line": (
        ANSWER.replace("What it is.\n\n", ""),
        "the docstring's first line says what the answer is",
    ),
    "a field twice": (
        ANSWER.replace("cause:", "check: test_greets\ncause:"),
        "has two lines `check:` in its docstring: keep one",
    ),
    "no exercise": (
        ANSWER.replace("exercise: double\n", ""),
        "needs a line `exercise: name` in its docstring, or lines `# %% name` between its cells",
    ),
    "both ways": (ANSWER + "# %% greet\npass", "has both `exercise:` and lines `# %% name`"),
    "code above the cells": (
        ANSWER.replace("exercise: double\n", "") + "# %% greet\npass",
        "has code above its first line `# %% name`: it belongs below one of them",
    ),
    "a cell twice": (
        ANSWER.replace("exercise: double\n", "").replace("\n\n\ndef", "\n# %% greet\npass\n# %% greet\ndef"),
        "has two cells `# %% greet`: keep one",
    ),
    "nothing in it": (ANSWER.partition("def")[0], "has nothing in it for the exercise 'double'"),
}


@pytest.mark.parametrize(("text", "sentence"), UNREADABLE.values(), ids=UNREADABLE)
def test_an_answer_that_is_none_gets_one_sentence(tmp_path, lesson, text, sentence):
    path = tmp_path / "wrong" / "answer.py"
    edit(path, "", text)

    with pytest.raises(AnswerError) as caught:
        read_answer(path, lesson)
    assert sentence in str(caught.value)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_right_answer_names_no_check(tmp_path, lesson):
    path = tmp_path / "right" / "answer.py"
    edit(path, "", ANSWER)

    with pytest.raises(AnswerError, match="has `check:`, but a right answer fails no check: take the line out"):
        read_answer(path, lesson)


def test_bytes_that_are_no_text(tmp_path, lesson):
    path = tmp_path / "right" / "answer.py"
    path.parent.mkdir()
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(AnswerError, match="is not UTF-8: save it as UTF-8"):
        read_answer(path, lesson)


def test_an_answer_for_one_exercise(lesson):
    answer = read_answer(TINY / "answers/wrong/adds_two.py", lesson)

    assert (answer.title, answer.right, answer.name) == (
        "Two added instead of multiplied by",
        False,
        "wrong/adds_two",
    )
    assert (answer.check, answer.cause) == ("test_doubles", "multiply by two")
    assert answer.cells == {"double": 'def double(number: int):\n    return {"number": number + 2}'}


def test_an_answer_for_several(lesson):
    answer = read_answer(TINY / "answers/right/both.py", lesson)

    assert list(answer.cells) == ["greet", "double"]
    assert answer.cells["greet"] == "def greet(name: str):\n    return dict(hello=name)"
