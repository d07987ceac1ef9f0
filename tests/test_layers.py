"""Imports run downwards only: what stands on a floor knows the floors below it, and nothing of those above."""

from __future__ import annotations

import ast
from pathlib import Path

LABS = Path(__file__).parents[1] / "labs"

# From the bottom. A room is named by its package or module; a longer name is a room in a room.
FLOORS = (
    ("labs", "labs.errors"),
    # Three rooms side by side that judge and grader stand on; a lesson names kinds of backing services, and those that
    # run in a process of their own use the messages of services that do.
    ("labs.service",),
    ("labs.backing",),
    ("labs.course",),
    ("labs.judge",),
    ("labs.views",),
    ("labs.notebook",),
    ("labs.lab",),
    ("labs.authoring",),
    # Grading: what several steps use, the steps of a submission's way, then what all of it is put together from.
    ("labs.grading.isolation",),
    (
        "labs.grading.result",
        "labs.grading.release",
        "labs.grading.roster",
    ),  # plain data for all rooms above, as the job is
    ("labs.grading.job",),
    ("labs.grading.reports",),  # which files there are, storage has to know
    ("labs.grading.storage",),
    ("labs.grading.submissions",),
    ("labs.grading.kernels",),
    ("labs.grading.judges",),
    ("labs.grading.cluster",),
    ("labs.grading",),
    ("labs.workshop",),
    ("labs.cli",),
)
EXCEPTIONS = {
    (
        "labs",
        "labs.lab",
    ): "`from labs import open_lab` is what every notebook begins with; imported when it is asked for",
    ("labs", "labs.grading.kernels.quiet"): "in a graded notebook it gets a stand-in; imported when it is asked for",
    ("labs.grading.cluster.worker_child", "labs.grading.doctor"): "a worker refuses unsafe libraries as a batch does",
    ("labs.grading.storage.remote", "labs.grading.executors"): "one text says how the optional extra is installed",
}


def modules():
    """Every module of the package but the labs' own: its name and its file."""
    for file in sorted(LABS.rglob("*.py")):
        parts = file.relative_to(LABS.parent).with_suffix("").parts
        if "patterns" not in parts:
            yield ".".join(parts).removesuffix(".__init__"), file


def imports(name, file, known):
    """The modules of the package that a module imports, wherever in it."""
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] if node.level else ""
            base = ".".join(part for part in (above, node.module) if part)
            found = [inner if (inner := f"{base}.{alias.name}") in known else base for alias in node.names]
        else:
            continue
        yield from (module for module in found if module in known)


def room(module):
    """The floor of a module and the name of its room, which is the longest that it begins with."""
    rooms = [(len(name), floor, name) for floor, names in enumerate(FLOORS) for name in names]
    fitting = [one for one in rooms if module == one[2] or (one[2] != "labs" and module.startswith(f"{one[2]}."))]
    assert fitting, f"{module} is in no room: give it one in {Path(__file__).name}"
    return max(fitting)[1:]


def test_imports_run_downwards_only():
    files = dict(modules())
    upwards, used = [], set()
    for name, file in files.items():
        here = room(name)
        for imported in set(imports(name, file, files)):
            there = room(imported)
            if (name, imported) in EXCEPTIONS:
                used.add((name, imported))
            elif there != here and there[0] >= here[0]:
                upwards.append(f"{name} imports {imported}")
    assert not upwards
    assert used == EXCEPTIONS.keys(), "an exception that nothing needs any more"
