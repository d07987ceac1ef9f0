"""What authors' tools work on in their tests: copies of the tiny lab, changed and built without a kernel."""

from __future__ import annotations

import re
import shutil

import nbformat
import pytest

from labs.authoring import build as building
from labs.authoring import verify as verifying
from labs.authoring.build import build, read_lesson
from labs.authoring.pool import _Worker
from labs.authoring.verify import verify
from labs.authoring.worker_messages import InspectChecks
from labs.course.catalog import Pattern


def pretend(notebook, folder, where):
    """Stands in for a kernel: every cell runs and says where it is."""
    for number, cell in enumerate((cell for cell in notebook.cells if cell.cell_type == "code"), 1):
        cell.execution_count = number
        cell.outputs = [nbformat.v4.new_output("stream", text=f"{folder.name} {number}\n")]


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


@pytest.fixture(scope="module")
def no_kernel():
    """Building executes nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "execute", pretend)
        yield


@pytest.fixture(scope="session")
def make_lab(tiny_lab):
    """Copies the tiny lab to a root under another name, changes it and builds it; wants `no_kernel`."""

    def make(root, name="tiny", order=0, changes=()):
        folder = root / "labs" / "patterns" / name
        shutil.copytree(tiny_lab.folder, folder)
        edit(folder / "lesson.md", 'open_lab("tiny")', f'open_lab("{name}")')
        edit(folder / "lesson.md", "title: Tiny", f"title: Lab {name}")
        edit(folder / "lesson.md", "order: 0", f"order: {order}")
        for file, old, new in changes:
            edit(folder / file, old, new)
        pattern = Pattern(folder)
        build([pattern], root, out=lambda line: None)
        return pattern

    return make


@pytest.fixture(scope="session")
def lesson(tiny_lab):
    return read_lesson(tiny_lab)


@pytest.fixture(scope="module")
def worker(tmp_path_factory):
    worker = _Worker(str(tmp_path_factory.mktemp("worker")))
    yield worker
    worker.end()


@pytest.fixture
def complaints(monkeypatch, tmp_path, worker, make_lab, no_kernel):
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
