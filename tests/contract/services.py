"""The services that were written from docs/contract.md, and the labs whose checks they pass.

Run as a script, it judges one of them by half of the labs and prints the reports as JSON.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

from labs.backing import KINDS
from labs.course.catalog import Pattern, find_pattern
from labs.judge.run import run_checks
from labs.service import Runner
from labs.service.process_state import mark_pristine

HERE = Path(__file__).parent
SERVICES = ("plain_starlette", "bare_asgi")


# The labs on the page. One that is added may ask for what its own lesson promises.
LABS = (
    *("start_here", "structured_logging", "exceptions", "dependency_injection", "pagination", "health"),
    *("correlation", "repository", "caching", "retry", "security", "capstone"),
)


class WholeService(Pattern):
    """A lab whose service gets every backing service: these two are complete, whatever the lab needs."""

    backings = KINDS


def factory_in(package: Path):
    """The package's `create_app`, wherever the package stands."""
    name = f"contract_{package.name}_{abs(hash(package))}"
    spec = importlib.util.spec_from_file_location(
        name, package / "__init__.py", submodule_search_locations=[str(package)]
    )
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.create_app


def labs_of(half: str) -> list[Pattern]:
    """Half of the course, chosen so that both halves wait about as long."""
    return [find_pattern(name) for n, name in enumerate(LABS) if (n % 4 in (0, 3)) == (half == "0")]


def judge_labs(name: str, half: str) -> None:
    mark_pristine()
    runner = Runner(factory_in(HERE / name))
    reports = [run_checks(WholeService(pattern.folder), runner).to_dict() for pattern in labs_of(half)]
    runner.close()
    json.dump(reports, sys.stdout)


if __name__ == "__main__":
    judge_labs(*sys.argv[1:])
