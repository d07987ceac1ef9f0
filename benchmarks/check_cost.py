"""What a check run costs, and how much of it is the learner's own service.

    .venv/bin/python benchmarks/check_cost.py [LAB ...]

For each lab, on its reference solution, in this process as in a notebook: the median of several runs of every check,
split into
  answering  at least one request is on its way: the service works (and the network of this machine)
  starting   the factory, the lifespan, and the end of both
  judging    the rest: pytest, backing services, reading logs and answers
`x bare` is the whole run divided by the time in which requests were answered or the service was starting: what the
same requests would cost without any judge. The aim is below 2, and no run of 2 s or more.

Then the wait of a learner who opens the notebook: from the start of a kernel to the first check's result.
"""

from __future__ import annotations

import statistics
import sys
import time
import types
from collections.abc import Callable

import labs.judge.service as judged
from labs.authoring.assemble import assemble
from labs.course.catalog import Pattern, find_pattern, find_patterns
from labs.judge.run import run_checks
from labs.service import Runner

RUNS = 7


class Clock:
    """Collects the intervals in which something was going on; overlapping ones count once."""

    def __init__(self) -> None:
        self.intervals: list[tuple[float, float]] = []

    def watch(self, function: Callable) -> Callable:
        def watched(*arguments, **options):
            started = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                self.intervals.append((started, time.perf_counter()))

        return watched

    def total(self) -> float:
        covered, end = 0.0, 0.0
        for start, stop in sorted(self.intervals):
            covered += max(0.0, stop - max(start, end))
            end = max(end, stop)
        return covered


def reference(pattern: Pattern) -> Callable:
    """The lab's solved service as a factory."""
    module = types.ModuleType(f"reference_{pattern.name}")
    sys.modules[module.__name__] = module
    # A lesson's annotations are values, unlike this file's: FastAPI could not look up a class inside a function.
    code = compile(assemble(pattern.lesson), f"{pattern.name}.py", "exec", dont_inherit=True)
    exec(code, module.__dict__)
    return module.create_app


def measure(pattern: Pattern) -> tuple[int, float, float, float]:
    """Checks, and the medians of the whole run, of answering and of starting, in seconds."""
    runner = Runner(reference(pattern))
    rows = []
    send = judged.exchange
    start, stop = Runner.start, Runner.stop
    for _ in range(RUNS + 1):
        answering, starting = Clock(), Clock()
        judged.exchange = answering.watch(send)
        Runner.start, Runner.stop = starting.watch(start), starting.watch(stop)
        began = time.perf_counter()
        report = run_checks(pattern, runner)
        whole = time.perf_counter() - began
        if not report.passed:
            failed = [verdict.check for verdict in report.verdicts if verdict.score == 0]
            sys.exit(f"{pattern.name}: the reference does not pass {', '.join(failed)} {report.problem}")
        rows.append((whole, answering.total(), starting.total()))
    judged.exchange, Runner.start, Runner.stop = send, start, stop
    runner.close()
    return len(report.verdicts), *(statistics.median(column) for column in zip(*rows[1:], strict=True))


def first_check(pattern: Pattern) -> tuple[float, float]:
    """Seconds from starting a kernel until open_lab has shown the panel, and until the first check run is shown."""
    from jupyter_client.manager import start_new_kernel

    began = time.perf_counter()
    manager, client = start_new_kernel(kernel_name="python3")
    try:

        def run(code: str) -> None:
            reply = client.execute_interactive(code, timeout=60, output_hook=lambda message: None)
            assert reply["content"]["status"] == "ok", reply["content"]

        run(f"from labs import open_lab\nlab = open_lab({pattern.name!r})")
        opened = time.perf_counter() - began
        run(assemble(pattern.lesson))
        run(f"lab.check({pattern.exercises[0].name!r})")
        return opened, time.perf_counter() - began
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def main(names: list[str]) -> None:
    patterns = [find_pattern(name) for name in names] or find_patterns()
    print(f"{'lab':24}{'checks':>7}{'run':>10}{'answering':>11}{'starting':>10}{'judging':>9}{'x bare':>8}")
    for pattern in patterns:
        checks, whole, answering, starting = measure(pattern)
        judging = whole - answering - starting
        shares = f"{answering / whole:>11.0%}{starting / whole:>10.0%}{judging / whole:>9.0%}"
        print(f"{pattern.name:24}{checks:>7}{whole * 1000:>7.0f} ms{shares}{whole / (answering + starting):>8.2f}")
    print(f"\n{'lab':24}{'kernel start to panel':>23}{'to first check result':>23}")
    for pattern in patterns:
        opened, checked = (
            statistics.median(column) for column in zip(*(first_check(pattern) for _ in range(3)), strict=True)
        )
        print(f"{pattern.name:24}{opened:>21.2f} s{checked:>21.2f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
