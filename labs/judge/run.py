"""Run a lab's checks against a host, through pytest, and return the report."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from labs.backing import KINDS
from labs.course.catalog import Pattern
from labs.judge.fixtures import Fixtures
from labs.judge.fresh import Fresh
from labs.judge.plugin import JudgePlugin
from labs.judge.verdict import Report, Status, Verdict
from labs.service.host import Host, Incident
from labs.service.libraries import heap_is_kept
from labs.service.processes import set_variables
from labs.service.stream import LogStream

__all__ = ["list_checks", "run_checks", "run_checks_in_terminal"]

# Nothing but what judging needs: each plugin left out is time a learner does not wait.
_SPARED = (
    *("terminal", "logging", "capture", "cacheprovider", "junitxml", "pastebin", "doctest", "faulthandler"),
    *("unraisableexception", "threadexception", "warnings", "debugging", "freeze_support", "legacypath", "recwarn"),
    *("setuponly", "setupplan", "stepwise", "subtests", "unittest"),
)
_QUIET = [part for plugin in _SPARED for part in ("-p", f"no:{plugin}")]
_TERMINAL = ["-p", "no:cacheprovider", "-p", "no:logging", "--capture=no", "--tb=short"]


def run_checks(
    pattern: Pattern,
    host: Host,
    *,
    only: str = "",
    and_earlier: bool = False,
    seed: str = "",
    listener: Callable[[Verdict], None] | None = None,
    backings: Iterable[str] | None = None,
) -> Report:
    """Judge one service by one lab's checks.

    `only` names an exercise or a check, `and_earlier` adds those that it builds on; `listener` hears of each step. The
    service gets the lab's backing services, or these.

    Never raises for what the service does. KeyboardInterrupt ends the run: what was judged by then stands.
    """
    plugin = JudgePlugin(host, [pattern], listener=listener, only=only, and_earlier=and_earlier)
    facts = Fresh(seed)
    kinds = pattern.backings if backings is None else backings
    started = time.perf_counter()
    code = _pytest([pattern], _QUIET, plugin, Fixtures(host, facts, kinds))
    return _report(pattern, plugin, code, facts.seed, time.perf_counter() - started)


def run_checks_in_terminal(
    patterns: Sequence[Pattern], host: Host, *, only: str = "", seed: str = "", arguments: Sequence[str] = ()
) -> tuple[list[Report], int]:
    """Judge one service by the checks of several labs, with pytest's own output, options and exit code.

    The service gets every backing service, whatever the lab needs: it is somebody's own. The code is 0 only when
    every check passed.
    """
    plugin = JudgePlugin(host, patterns, only=only)
    facts = Fresh(seed)
    started = time.perf_counter()
    code = _pytest(patterns, [*_TERMINAL, *arguments], plugin, Fixtures(host, facts, KINDS))
    seconds = time.perf_counter() - started
    reports = [_report(pattern, plugin, code, facts.seed, seconds) for pattern in patterns]
    unfinished = any(report.count(Status.PASSED) != len(report.verdicts) for report in reports)
    return reports, 1 if code == 0 and unfinished else code


def list_checks(pattern: Pattern) -> Report:
    """The lab's checks, listed without running them."""
    host = _NoHost()
    plugin = JudgePlugin(host, [pattern])
    code = _pytest([pattern], [*_QUIET, "--collect-only"], plugin, Fixtures(host, Fresh(), ()))
    return _report(pattern, plugin, code, "", 0.0)


def _pytest(patterns: Sequence[Pattern], arguments: Sequence[str], *plugins: object) -> int:
    files = [file.resolve() for pattern in patterns for file in pattern.checks_files if file.is_file()]
    if not files:
        return int(pytest.ExitCode.NO_TESTS_COLLECTED)
    root = files[0].parents[min(4, len(files[0].parents) - 1)]  # the clone, for a lab in labs/patterns
    packages = {".".join(folder.relative_to(root).parts): folder for folder in {file.parent for file in files}}
    for name, folder in packages.items():
        _forget_other_modules(name, folder)
    options = ["-c", os.devnull, f"--rootdir={root}", "--import-mode=importlib", "--strict-markers", "--noconftest"]
    with _without_plugin_autoload(), _old_objects_left_alone():
        return int(pytest.main([*map(str, files), *arguments, *options], plugins=[*plugins, _Rewriting(packages)]))


def _forget_other_modules(package: str, folder: Path) -> None:
    """Forget modules of a package of this name in another folder: pytest would run them instead of the lab's own."""
    for name, module in list(sys.modules.items()):
        if name == package or name.startswith(f"{package}."):
            places = [getattr(module, "__file__", None) or "", *getattr(module, "__path__", ())]
            if not any(Path(place).is_relative_to(folder) for place in places if place):
                del sys.modules[name]


class _Rewriting:
    """Has pytest rewrite the asserts of the modules that checks share, too: a rewritten one tells both of its sides."""

    def __init__(self, packages: Iterable[str]) -> None:
        self._packages = packages

    @pytest.hookimpl
    def pytest_configure(self) -> None:
        pytest.register_assert_rewrite(*self._packages)


@contextlib.contextmanager
def _old_objects_left_alone() -> Iterator[None]:
    """While this is open, the garbage collector looks only at objects that are made meanwhile.

    The libraries of a service are a hundred thousand objects. pytest's first run in a process makes enough new ones for
    all of them to be gone through, which would take longer than a lab's checks.
    """
    if heap_is_kept() or gc.get_freeze_count():
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextlib.contextmanager
def _without_plugin_autoload() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in ("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "PYTEST_ADDOPTS")}
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ.pop("PYTEST_ADDOPTS", None)
    try:
        yield
    finally:
        set_variables(before)


def _report(pattern: Pattern, plugin: JudgePlugin, code: int, seed: str, seconds: float) -> Report:
    verdicts = plugin.verdicts(pattern)
    report = Report(pattern.name, pattern.title, verdicts, seed=seed, seconds=seconds, problem=plugin.problem)
    for verdict in report.verdicts:
        if verdict.status is Status.RUNNING:  # interrupted
            verdict.status = Status.NOT_RUN
    if not report.verdicts:
        report.problem = _why_nothing(pattern, plugin.only, code)
    return report


def _why_nothing(pattern: Pattern, only: str, code: int) -> str:
    if not any(file.is_file() for file in pattern.checks_files):
        return f"There are no checks in {pattern.checks_folder}: each exercise has a module there that bears its name."
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:
        return f"{only!r} is neither an exercise nor a check of this lab." if only else "No check was selected."
    if code == pytest.ExitCode.USAGE_ERROR:
        return "pytest does not understand these options: its message above says which."
    return f"The checks in {pattern.checks_folder} could not be read: run pytest on that folder to see why."


class _NoHost:
    """Stands for a host when checks are only listed, which takes no service."""

    def __init__(self) -> None:
        self.stream = LogStream()
        self.incidents: list[Incident] = []

    def start(self, env: object) -> str:
        raise RuntimeError("checks are only listed here")

    def stop(self) -> None:
        pass
