"""Every way of grading side by side: rounds in which each has its turn, in another order each time."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import platform
import random
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.grading.contestants import Api, Batch, Contestant, Limit, Nbgrader, Otter, PapermillCommand
from benchmarks.grading.environment import install
from benchmarks.grading.measure import Watch, reap
from benchmarks.grading.workload import Workload
from labs.course.catalog import find_pattern
from labs.grading.release import release_of

__all__ = ["Plan", "compare"]

LIMIT, LABS = "limit", "labs grade, namespaces"
AIM_LIMIT = 1.3  # at most, times the limit, with isolation
AIMS = {"papermill API": 6, "nbgrader autograde": 15, "otter run": 25}  # at least, times as long as labs grade


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure."""

    lab: str = "exceptions"
    rounds: int = 7
    workers: tuple[int, ...] = (1, 2)
    batch: int = 10  # submissions of a sample, for those that are quick
    looks: int = 3  # at processor time and memory


class _Samples:
    """What was measured so far, kept in a file from which an interrupted run goes on."""

    def __init__(self, path: Path, key: dict[str, object], *, fresh: bool) -> None:
        self.rows: list[dict[str, object]] = []
        if path.exists() and not fresh:
            with contextlib.suppress(ValueError):
                first, *rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
                self.rows = rows if first == key else []
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in (key, *self.rows)), "utf-8")
        self._path = path

    def add(self, **row: object) -> None:
        self.rows.append(row)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def of(self, **what: object) -> list[dict[str, object]]:
        return [row for row in self.rows if what.items() <= row.items()]

    def median(self, field: str, **what: object) -> float | None:
        values = [row[field] for row in self.of(**what) if field in row]
        return statistics.median(values) if values else None


def compare(plan: Plan, cache: Path, *, fresh: bool = False) -> None:
    """Measure what is not measured yet, and print the table."""
    workload = Workload(find_pattern(plan.lab))
    contestants = _contestants(workload, plan, cache)
    key = {
        "plan": json.loads(json.dumps(asdict(plan) | {"rounds": 0, "looks": 0})),
        "release": release_of(workload.pattern),
    }
    samples = _Samples(cache / f"compare-{plan.lab}-{workload.checks}-{plan.batch}.jsonl", key, fresh=fresh)
    turns = [(number, workers) for number in range(plan.rounds) for workers in plan.workers]
    started = time.monotonic()
    try:
        for number, workers in turns:
            for contestant in random.sample(contestants, len(contestants)):
                if samples.of(name=contestant.name, round=number, workers=workers):
                    continue
                _say(f"round {number + 1} of {plan.rounds}, workers: {workers}", contestant.name, started)
                sample = contestant.sample(workers)
                samples.add(name=contestant.name, round=number, workers=workers, wall=sample.wall)
        for contestant in contestants:
            contestant.close()
        for contestant in contestants:  # apart, because to look at processes takes time from them
            for number in range(plan.looks):
                for workers in plan.workers:
                    if not samples.of(name=contestant.name, look=number, workers=workers):
                        _say(f"memory and processor time, workers: {workers}", contestant.name, started)
                        samples.add(name=contestant.name, look=number, workers=workers, **_look(contestant, workers))
                        contestant.close()
    finally:
        for contestant in contestants:
            contestant.close()
        reap(set(), seconds=2)
    _say("", "", started)
    _print(contestants, samples, plan, workload)


def _look(contestant: Contestant, workers: int) -> dict[str, float]:
    with Watch() as watch:
        contestant.meter = watch.cpu
        try:
            return {"cpu": contestant.sample(workers).cpu, "memory": watch.peak}
        finally:
            contestant.meter = lambda: 0.0


def _contestants(workload: Workload, plan: Plan, cache: Path) -> list[Contestant]:
    nbgrader = install("nbgrader", cache)
    otter = install("otter-grader", cache, in_kernel=True)
    folder = cache / "work"
    few = max(2, plan.batch // 4)

    def labs(*options: str):
        return lambda given, out, jobs: [
            *(sys.executable, "-W", "ignore", "-m", "labs.cli", "grade", given, "--out", out, "--jobs", jobs),
            *options,
        ]

    def landlock(given: str, out: str, jobs: str) -> list[str]:
        return [sys.executable, "-W", "ignore", "-m", "benchmarks.grading.tier", "landlock", given, out, jobs]

    return [
        Limit(LIMIT, workload, folder, plan.batch),
        Limit("limit, on one processor", workload, folder, plan.batch, pinned=True),
        Batch(LABS, workload, folder, plan.batch, labs("--isolation", "require")),
        Batch("labs grade, landlock", workload, folder, plan.batch, landlock),
        Batch("labs grade, no isolation", workload, folder, plan.batch, labs("--isolation", "none")),
        Batch("labs grade, stock engine", workload, folder, few, labs("--engine", "stock")),
        Api("papermill API", workload, folder, few),
        PapermillCommand("papermill command", workload, folder, 1),
        Nbgrader("nbgrader autograde", workload, folder, 1, nbgrader),
        Nbgrader(f"nbgrader autograde, {few} at a time", workload, folder, few, nbgrader),
        Otter("otter run", workload, folder, 1, otter),
    ]


def _say(what: str, name: str, started: float) -> None:
    minutes, seconds = divmod(int(time.monotonic() - started), 60)
    end = "\r" if sys.stderr.isatty() else "\n"
    text = f"{minutes:3}:{seconds:02} {what}: {name}" if name else ""
    print(f"{text:80}", end=end, file=sys.stderr, flush=True)


def _print(contestants: list[Contestant], samples: _Samples, plan: Plan, workload: Workload) -> None:
    versions = {each.name: each.peer.version for each in contestants if hasattr(each, "peer")}
    rounds = len({row["round"] for row in samples.rows if "round" in row})
    print(
        f"\n{workload.lab}: {len(workload.cells)} cells and {workload.checks} checks for one submission, medians of "
        f"{rounds} rounds.\nPython {platform.python_version()}, papermill {importlib.metadata.version('papermill')}, "
        f"nbgrader {versions['nbgrader autograde']}, otter-grader {versions['otter run']}."
    )
    for workers in plan.workers:
        limit = samples.median("wall", name=LIMIT, workers=workers)
        cpu_limit = samples.median("cpu", name=LIMIT, workers=workers)
        print(
            f"\n{f'workers: {workers}':34}{'wall':>9}{'x limit':>9}{'from':>8}{'to':>8}{'CPU':>9}{'x limit':>9}{'memory':>9}"
        )
        for contestant in contestants:
            rows = samples.of(name=contestant.name, workers=workers)
            wall = samples.median("wall", name=contestant.name, workers=workers)
            cpu = samples.median("cpu", name=contestant.name, workers=workers)
            if wall is None:
                continue
            walls = [row["wall"] for row in rows if "wall" in row]
            memory = samples.median("memory", name=contestant.name, workers=workers)
            line = f"{contestant.name:34}{wall:>7.3f} s{wall / limit:>9.2f}{min(walls):>8.2f}{max(walls):>8.2f}"
            if cpu is not None and cpu_limit and memory:
                line += f"{cpu:>7.3f} s{cpu / cpu_limit:>9.2f}{memory / 1e6:>6.0f} MB"
            print(line)
    if len(plan.workers) > 1:
        print("\nMemory is of all processes together at their peak; what one more worker adds:")
        for contestant in contestants:
            one, two = (samples.median("memory", name=contestant.name, workers=count) for count in plan.workers[:2])
            if one and two:
                print(f"{contestant.name:34}{(two - one) / 1e6:>6.0f} MB")
    _print_aims(samples, plan)


def _print_aims(samples: _Samples, plan: Plan) -> None:
    print(f"\n{'aims, of the same run':50}" + "".join(f"{f'{count} worker(s)':>14}" for count in plan.workers))
    lines = [(f"{LABS}: at most {AIM_LIMIT} x limit", LABS, LIMIT, AIM_LIMIT, False)]
    lines += [(f"at least {aim} x as fast as {name}", name, LABS, aim, True) for name, aim in AIMS.items()]
    for text, name, other, aim, more in lines:
        print(f"{text:50}", end="")
        for workers in plan.workers:
            mine, others = (samples.median("wall", name=one, workers=workers) for one in (name, other))
            ratio = mine / others
            print(f"{f'{ratio:.2f} ' + ('yes' if (ratio >= aim) == more else 'NO'):>14}", end="")
        print()
