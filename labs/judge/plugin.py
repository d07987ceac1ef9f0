"""The pytest plugin behind every check: fixtures, the order of checks, and a verdict for each.

Loaded by `labs.judge.engine` for the notebook, the terminal and the grader alike; it needs to be given a host.
"""

from __future__ import annotations

import inspect
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from labs import backing
from labs.judge.explain import Comparison, cause_of, show
from labs.judge.fresh import Fresh
from labs.judge.logs import Logs, last_exception
from labs.judge.outcome import CheckFailed
from labs.judge.service import ServiceUnderTest
from labs.judge.text import verdict_lines
from labs.judge.verdict import Call, Status, Verdict
from labs.service.host import Host, NotStarted

__all__ = ["JudgePlugin"]

LEVELS = ("easy", "medium", "hard", "expert")
MARKER = (
    'check(exercise, level="easy", after=(), points=1, read=""): what a check belongs to, '
    "the checks that have to pass before it makes sense, and the lesson's heading to read again"
)
_NEEDS = {"database": "DATABASE_URL", "cache": "REDIS_URL", "downstream": "DOWNSTREAM_URL"}
_backings: dict[str, Any] = {}


def _shared(kind: str) -> Any:
    """The cache server and the downstream start once per process and are cleared for each check."""
    if kind not in _backings:
        _backings[kind] = getattr(backing, {"cache": "CacheServer", "downstream": "Downstream"}[kind])()
    _backings[kind].clear()
    return _backings[kind]


class JudgePlugin:
    """Runs the checks of one lab against the service of one host."""

    def __init__(
        self,
        host: Host,
        *,
        needs: tuple[str, ...],
        fresh: Fresh,
        headings: dict[str, str],
        listener: Callable[[Verdict], None] | None = None,
        only: str = "",
    ) -> None:
        self.host = host
        self.needs = needs
        self.fresh_facts = fresh
        self.headings = headings  # exercise name -> the lesson's heading to read again
        self.listener = listener or (lambda verdict: None)
        self.only = only
        self.verdicts: dict[str, Verdict] = {}
        self.comparison = Comparison()
        self.problem = ""  # why judging ended before its end
        self._has_started = False
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    # Collection

    def pytest_configure(self, config: pytest.Config) -> None:
        config.addinivalue_line("markers", MARKER)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        for item in items:
            self.verdicts[item.name] = self._blank_verdict(item)
        if self.only:
            chosen = [item for item in items if self.only in (item.name, self.verdicts[item.name].exercise)]
            config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
            items[:] = chosen
            self.verdicts = {item.name: self.verdicts[item.name] for item in items}

    def _blank_verdict(self, item: pytest.Item) -> Verdict:
        marker = item.get_closest_marker("check")
        options = dict(marker.kwargs) if marker else {}
        exercise = marker.args[0] if marker and marker.args else ""
        title = inspect.getdoc(getattr(item, "function", None)) or item.name
        return Verdict(
            check=item.name,
            title=" ".join(title.split("\n\n")[0].split()).rstrip("."),
            exercise=exercise,
            level=options.get("level", "easy"),
            points=options.get("points", 1),
            read=options.get("read") or self.headings.get(exercise, ""),
        )

    # Running

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        verdict = self.verdicts[item.name]
        marker = item.get_closest_marker("check")
        after = marker.kwargs.get("after", ()) if marker else ()
        for name in (after,) if isinstance(after, str) else after:
            earlier = self.verdicts.get(name)
            if earlier is None or earlier.status is Status.PASSED:
                continue
            if earlier.status in (Status.NOT_STARTED, Status.WAITING) and earlier.unfinished:
                verdict.status, verdict.unfinished = Status.NOT_STARTED, earlier.unfinished
                pytest.skip(f"not started: {earlier.unfinished}() still raises NotImplementedError")
            verdict.status, verdict.waits_for = Status.WAITING, earlier.title
            pytest.skip(f"waits for “{earlier.title}”")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[Any]:
        verdict = self.verdicts[item.name]
        verdict.status = Status.RUNNING
        self.comparison.clear()
        self.listener(verdict)
        started = time.perf_counter()
        result = yield
        verdict.seconds = time.perf_counter() - started
        self.listener(verdict)
        return result

    def pytest_assertrepr_compare(self, op: str, left: Any, right: Any) -> None:
        self.comparison.take(op, left, right)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[Any]) -> Iterator[Any]:
        report = yield
        verdict = self.verdicts[item.name]
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
            self._keep_evidence(item, verdict, service)
        unfinished = str(error) if isinstance(error, NotStarted) else self._unfinished()
        if unfinished:
            verdict.status, verdict.unfinished = Status.NOT_STARTED, unfinished
            return
        verdict.status = Status.FAILED
        if isinstance(error, CheckFailed) and error.fatal and not self._has_started:
            # Nothing else can be learned: say it once rather than once per check.
            self.problem = error.cause
            verdict.cause, verdict.status = error.cause, Status.NOT_RUN
            item.session.shouldstop = "the service does not start"
        elif isinstance(error, CheckFailed):
            verdict.cause, verdict.expected, verdict.got = error.cause, show(error.expected), show(error.got)
        elif isinstance(error, AssertionError):
            verdict.cause = cause_of(error)
            verdict.expected, verdict.got = self.comparison.expected, self.comparison.got
            if not verdict.got and verdict.exchanges:
                verdict.got = verdict.exchanges[-1].response or verdict.exchanges[-1].problem
        elif _misread_answer(error, Path(str(item.path))):
            verdict.cause = (
                "The answer does not have the shape that the contract gives it, so the check could not read it "
                f"({type(error).__name__}: {error})."
            )
            if verdict.exchanges:
                verdict.expected, verdict.got = "the contract's shape", verdict.exchanges[-1].response
        else:
            verdict.status = Status.BROKEN
            verdict.cause = f"The check itself broke: {type(error).__name__}: {error}. That is our mistake, not yours."
            verdict.got = "".join(traceback.format_exception(error)[-6:])
        if verdict.status is Status.FAILED and verdict.exchanges and verdict.exchanges[-1].response.startswith("5"):
            raised = last_exception(self.host.stream.lines)
            verdict.cause += f" The log says `{raised}`." if raised else ""
        exits = [incident.detail for incident in self.host.incidents if incident.kind == "exited"]
        if exits and verdict.status is Status.FAILED:
            verdict.cause = f"{exits[0]} {verdict.cause}"

    def _unfinished(self) -> str:
        for incident in self.host.incidents:
            if incident.kind == "not started":
                return incident.detail
        return ""

    def _keep_evidence(self, item: pytest.Item, verdict: Verdict, service: ServiceUnderTest) -> None:
        verdict.exchanges = tuple(service.exchanges[-12:])
        verdict.records = tuple(line for line in self.host.stream.lines if line.strip())[-40:]
        calls: list[Call] = []
        cache, downstream = item.funcargs.get("cache"), item.funcargs.get("downstream")
        if cache is not None:
            calls += [Call("cache", str(command), show(command.reply)[:200]) for command in cache.commands[-40:]]
        if downstream is not None:
            calls += [Call("downstream", str(call), str(call.status)) for call in downstream.calls[-20:]]
        verdict.calls = tuple(calls)

    def pytest_unconfigure(self) -> None:
        self.host.stop()
        if self._folder is not None:
            self._folder.cleanup()

    # Fixtures

    @pytest.fixture
    def fresh(self, request: pytest.FixtureRequest) -> Fresh:
        """Facts of this run."""
        return self.fresh_facts.fork(request.node.name)

    @pytest.fixture
    def database(self, fresh: Fresh) -> Iterator[backing.Database]:
        """An empty database with the contract's tables."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="labs-")
        database = backing.Database(Path(self._folder.name) / f"{fresh.token()}.sqlite")
        yield database
        database.close()

    @pytest.fixture
    def cache(self) -> Iterator[backing.CacheServer]:
        """An empty Redis."""
        cache = _shared("cache")
        yield cache
        cache.up()

    @pytest.fixture
    def downstream(self) -> Iterator[backing.Downstream]:
        """Another team's service, which answers 200 until told otherwise."""
        downstream = _shared("downstream")
        yield downstream
        downstream.up()

    @pytest.fixture
    def service(self, request: pytest.FixtureRequest, fresh: Fresh) -> Iterator[ServiceUnderTest]:
        """The service under test, not yet started."""
        environment: dict[str, str | None] = {
            "SERVICE_NAME": f"orders-{fresh.token(5)}",
            "APP_VERSION": fresh.version(),
            "ENVIRONMENT": fresh.choice("dev", "staging", "prod"),
            "LOG_LEVEL": "INFO",
            "API_KEY": fresh.secret(),
            "DOWNSTREAM_TOKEN": fresh.secret(),
            "STARTUP_SECONDS": None,
            "STARTUP_FAILURES": None,
        }
        for kind, variable in _NEEDS.items():
            needed = kind in self.needs or kind in request.fixturenames
            environment[variable] = request.getfixturevalue(kind).url if needed else None
        service = ServiceUnderTest(self.host, environment)
        yield service
        service.close()

    @pytest.fixture
    def logs(self, service: ServiceUnderTest) -> Logs:
        """What the service writes to stdout and stderr."""
        return Logs(service)


def _misread_answer(error: BaseException, checks: Path) -> bool:
    """Whether the check stumbled over data from outside, in its own lines, rather than in ours."""
    if not isinstance(error, (LookupError, TypeError, ValueError, AttributeError)):
        return False
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and Path(frames[-1].filename) == checks
