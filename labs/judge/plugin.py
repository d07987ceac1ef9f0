"""The pytest plugin behind every check: which checks run, in what order they make sense, and a verdict for each.

Loaded by `labs.judge.run` for the notebook, the terminal and the grader alike.
"""

from __future__ import annotations

import ast
import inspect
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path

import pytest

from labs.course.catalog import Pattern
from labs.course.lesson import Exercise, Level
from labs.judge.causes import explain_failure, keep_evidence
from labs.judge.comparison import Comparison
from labs.judge.errors import CheckFailed
from labs.judge.text import verdict_lines
from labs.judge.verdict import Status, Verdict
from labs.service.host import Host

__all__ = ["JudgePlugin"]

MARKER = (
    'check(level="easy", after=(), points=1, read=""): how hard a check is, the checks that have to pass before it '
    "makes sense, its points, and the lesson's heading to read again"
)


_Key = tuple[Path, str]  # the folder of a lab's checks, and the check's name, which is unique in it


class JudgePlugin:
    """Judges the service of one host by the checks of one or several labs."""

    def __init__(
        self,
        host: Host,
        patterns: Sequence[Pattern],
        *,
        listener: Callable[[Verdict], None] | None = None,
        only: str = "",
        and_earlier: bool = False,
    ) -> None:
        self.host = host
        self.listener = listener or (lambda verdict: None)
        self.only = only
        self.and_earlier = and_earlier  # also the checks that those of `only` build on
        self.problem = ""  # one sentence when the run was ended early
        self._patterns = {pattern.checks_folder.resolve(): pattern for pattern in patterns}
        self._verdicts: dict[_Key, Verdict] = {}
        self._comparison = Comparison()
        self._has_started = False

    def verdicts(self, pattern: Pattern) -> list[Verdict]:
        """One lab's verdicts, in the order of its checks."""
        folder = pattern.checks_folder.resolve()
        return [verdict for (checks, _), verdict in self._verdicts.items() if checks == folder]

    def _verdict(self, item: pytest.Item) -> Verdict:
        return self._verdicts[_key(item)]

    # Collection

    def pytest_configure(self, config: pytest.Config) -> None:
        """Make `@pytest.mark.check` known."""
        config.addinivalue_line("markers", MARKER)
        # Nobody sees pytest's own account of a failure, and making it parses the source of each frame, which on
        # Python 3.11 may end the whole run with "SystemError: AST constructor recursion depth mismatch"
        # while the service logs a traceback in another thread (github.com/python/cpython/issues/106905).
        config.option.tbstyle = "value"

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Make a verdict for each check, and leave out the checks that were not asked for."""
        blank = {_key(item): self._blank_verdict(item) for item in items}
        if self.only:
            chosen = [item for item in items if self.only in (item.name, blank[_key(item)].exercise)]
            if self.and_earlier:
                chosen = _with_earlier(chosen, items)
            config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
            items[:] = chosen
        self._verdicts = {_key(item): blank[_key(item)] for item in items}

    def _blank_verdict(self, item: pytest.Item) -> Verdict:
        marker = item.get_closest_marker("check")
        options = dict(marker.kwargs) if marker else {}
        exercise = item.path.stem
        title = inspect.getdoc(getattr(item, "function", None)) or item.name
        return Verdict(
            check=item.name,
            title=" ".join(title.split("\n\n")[0].split()).rstrip("."),
            exercise=exercise,
            level=_level(options.get("level", Level.EASY)),
            points=_points(options.get("points", 1)),
            read=str(options.get("read") or self._heading(item, exercise)),
        )

    def _heading(self, item: pytest.Item, exercise: str) -> str:
        pattern = self._patterns.get(item.path.parent)
        known = pattern.exercises if pattern is not None else []
        return next((one.heading for one in known if one.name == exercise), "")

    def _later_functions(self, item: pytest.Item, exercise: str) -> set[str]:
        """The functions that only later exercises write: neither this exercise nor an earlier one defines them."""
        pattern = self._patterns.get(item.path.parent)
        known = pattern.exercises if pattern is not None else []
        names = [one.name for one in known]
        here = names.index(exercise) + 1 if exercise in names else len(known)
        return _functions(known[here:]) - _functions(known[:here])

    # Running

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Skip a check that builds on one which has not passed."""
        verdict = self._verdict(item)
        for name in _after(item):
            earlier = self._verdicts.get((item.path.parent, name))
            if earlier is None or earlier.status is Status.PASSED:
                continue
            if earlier.status in (Status.NOT_STARTED, Status.WAITING) and earlier.unfinished:
                verdict.status, verdict.unfinished = Status.NOT_STARTED, earlier.unfinished
                pytest.skip(f"not started: {earlier.unfinished}() still raises NotImplementedError")
            verdict.status, verdict.waits_for = Status.WAITING, earlier.title
            pytest.skip(f"waits for “{earlier.title}”")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Tell the listener when a check begins and when it has ended."""
        verdict = self._verdict(item)
        verdict.status = Status.RUNNING
        self._comparison.clear()
        self.listener(verdict)
        started = time.perf_counter()
        result = yield
        verdict.seconds = time.perf_counter() - started
        self.listener(verdict)
        return result

    def pytest_assertrepr_compare(self, op: str, left: object, right: object) -> None:
        """Keep both sides of the comparison that failed."""
        self._comparison.take(op, left, right)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Come to a verdict, and put it where pytest's own output would have a traceback."""
        if call.excinfo is not None:
            # pytest would parse the source for a traceback that nobody gets to see. That takes time, and Python 3.11
            # may fail when two threads parse at once (gh-106905), as the service does when it writes a traceback.
            item.repr_failure = lambda excinfo, style=None: excinfo.exconly()  # type: ignore[method-assign]
        report = yield
        verdict = self._verdict(item)
        if call.excinfo is None:
            if call.when == "call":
                verdict.status = Status.PASSED
                self._has_started = True
        elif report.failed and verdict.status is Status.RUNNING:
            self._fail(item, verdict, call.excinfo.value)
            report.longrepr = "\n".join(verdict_lines(verdict))
        elif report.failed:
            report.outcome = "passed"  # a teardown that went wrong after the verdict is not the learner's concern
        return report

    def _fail(self, item: pytest.Item, verdict: Verdict, error: BaseException) -> None:
        service = getattr(item, "funcargs", {}).get("service")
        if service is not None:
            service.stop()  # completes the log and tells of incidents
            keep_evidence(verdict, service)
        later = self._later_functions(item, verdict.exercise)
        explain_failure(verdict, error, self._comparison, item.path.parent, self.host, later)
        if isinstance(error, CheckFailed) and error.fatal and not self._has_started:
            # Nothing else can be learned: say it once rather than once per check.
            self.problem = verdict.cause
            verdict.status = Status.NOT_RUN
            item.session.shouldstop = "the service does not start"


def _functions(exercises: Iterable[Exercise]) -> set[str]:
    """The names of what these exercises define, as in `Crowd.read` for a method."""
    found: set[str] = set()

    def collect(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                found.add(prefix + node.name)
                collect(node.body, "")
            elif isinstance(node, ast.ClassDef):
                found.add(prefix + node.name)
                collect(node.body, f"{prefix}{node.name}.")

    for exercise in exercises:
        collect(ast.parse(exercise.starter).body, "")
    return found


def _level(given: object) -> Level:
    """The level of a check's mark. An unknown one counts as easy here; `labs verify` says that it is unknown."""
    return next((level for level in Level if level == given), Level.EASY)


def _points(given: object) -> int:
    """The points of a check's mark. What is not a number counts as 1 here; `labs verify` says that it is not."""
    return given if type(given) is int else 1


def _key(item: pytest.Item) -> _Key:
    return item.path.parent, item.name


def _after(item: pytest.Item) -> Sequence[str]:
    """The names of the checks that have to pass before this one makes sense."""
    marker = item.get_closest_marker("check")
    after = marker.kwargs.get("after", ()) if marker else ()
    return (after,) if isinstance(after, str) else after


def _with_earlier(chosen: list[pytest.Item], items: list[pytest.Item]) -> list[pytest.Item]:
    """These items and all that they build on, in the order of the files."""
    by_key = {_key(item): item for item in items}
    wanted: set[pytest.Item] = set()
    left = list(chosen)
    while left:
        item = left.pop()
        if item not in wanted:
            wanted.add(item)
            keys = [(item.path.parent, name) for name in _after(item)]
            left += [by_key[key] for key in keys if key in by_key]
    return [item for item in items if item in wanted]
