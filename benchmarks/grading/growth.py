"""How a batch grows: time, memory of the supervisor, what is left behind, and going on after SIGKILL."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks.grading.measure import reap
from benchmarks.grading.workload import submissions
from labs.course.catalog import find_pattern

__all__ = ["Growth", "grow"]

LAB = "start_here"  # the smallest lab: it is the batch that is looked at
ROOT = Path(__file__).parents[2]
SECONDS = 10.0  # for what a killed run has started to be gone


@dataclass(frozen=True, slots=True)
class Growth:
    """How much to measure."""

    sizes: tuple[int, ...] = (10, 100, 1_000, 10_000)
    kills: tuple[int, ...] = (3, 5, 8, 12)  # for each size, how often the run is killed before it may end


@dataclass(slots=True)
class _Run:
    seconds: float
    returncode: int
    peak: int  # bytes: the supervisor's own memory
    said: str
    left: list[int]  # processes


def grow(plan: Growth, cache: Path, *, fresh: bool = False) -> None:
    """Measure each size that is not measured yet, then print all of them."""
    path = cache / "growth.json"
    known = {}
    if path.exists() and not fresh:
        with contextlib.suppress(ValueError):
            known = json.loads(path.read_text("utf-8"))
    print(
        f"\n{LAB}: {'submissions':>11}{'seconds':>10}{'each':>9}{'peak':>9}{'on disk':>9}"
        f"{'left':>6}{'kills':>7}{'again':>7}{'same':>6}"
    )
    for size, kills in zip(plan.sizes, plan.kills, strict=True):
        row = known.get(f"{size}/{kills}") or _measure(size, kills, cache / "growth")
        known[f"{size}/{kills}"] = row
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(known, indent=1) + "\n", "utf-8")
        print(
            f"{size:>23,}{row['seconds']:>10.1f}{row['seconds'] / size * 1000:>6.0f} ms{row['peak'] / 1e6:>6.0f} MB"
            f"{row['disk'] / size / 1000:>6.0f} kB{row['left']:>6}{kills:>7}{row['again']:>7}{row['same']:>6}",
            flush=True,
        )
    print(
        "\npeak: the supervisor's own memory. on disk: for each submission. left: processes and temporary files that were "
        "still there afterwards,\nkilled runs included. again: submissions judged more than once because of the kills. "
        "same: whether the scores are those of the run that nobody killed."
    )


def _measure(size: int, kills: int, folder: Path) -> dict[str, object]:
    shutil.rmtree(folder, ignore_errors=True)
    given = folder / "in"
    given.mkdir(parents=True)
    expected = {}
    for name, text, score in submissions(find_pattern(LAB), size):
        (given / f"{name}.ipynb").write_text(text, "utf-8")
        expected[name] = score
    with tempfile.TemporaryDirectory(prefix="labs-growth-") as temporary:
        Path(temporary).chmod(0o711)  # notebooks run as another user
        return _measure_in(Path(temporary), size, kills, folder, expected)


def _measure_in(temporary: Path, size: int, kills: int, folder: Path, expected: dict[str, int]) -> dict[str, object]:
    given = folder / "in"
    whole = _grade(given, folder / "whole", temporary)
    if whole.returncode:
        raise RuntimeError(f"{size}: {whole.said[-2000:]}")
    scores = _scores(folder / "whole", expected)
    left = len(whole.left) + _count_left(temporary)
    disk = sum(path.stat().st_size for path in (folder / "whole").rglob("*") if path.is_file())
    shutil.rmtree(folder / "whole")
    again = 0
    for number in range(kills):
        wait = random.uniform(0.5, max(2.0, whole.seconds / (kills + 1) * 2))
        killed = _grade(given, folder / "killed", temporary, kill_after=wait)
        print(f"  killed {number + 1} of {kills} after {wait:.1f} s: {_kept(killed.said)}", file=sys.stderr, flush=True)
        left += len(killed.left)
    done = len(list((folder / "killed/submissions").glob("*/result.json")))
    last = _grade(given, folder / "killed", temporary)
    if last.returncode:
        raise RuntimeError(f"{size}, after SIGKILL: {last.said[-2000:]}")
    kept = re.search(r"\((\d+) of them in an earlier run\)", last.said)
    again = done - int(kept[1] if kept else 0)
    same = _scores(folder / "killed", expected) == scores
    left += len(last.left) + _count_left(temporary)
    left += sum(1 for path in (folder / "killed").rglob("*.new"))
    shutil.rmtree(folder, ignore_errors=True)
    return {
        "seconds": whole.seconds,
        "peak": max(whole.peak, last.peak),
        "disk": disk,
        "left": left,
        "again": again,
        "same": "yes" if same else "NO",
    }


def _grade(given: Path, out: Path, temporary: Path, *, kill_after: float = float("inf")) -> _Run:
    """One run of `labs grade`, ended by SIGKILL after some seconds."""
    command = [sys.executable, "-W", "ignore", "-m", "labs.cli", "grade", str(given), "--out", str(out)]
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as said:
        variables = {**os.environ, "TMPDIR": str(temporary)}
        process = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=said, stderr=subprocess.STDOUT, text=True)
        peak = 0
        while process.poll() is None:
            peak = max(peak, _peak(process.pid))
            if time.monotonic() - started > kill_after:
                process.send_signal(signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.25)
        seconds = time.monotonic() - started
        left = reap(set(), SECONDS)
        for pid in left:
            print(f"  still there {SECONDS:g} s later: {_name(pid)}", file=sys.stderr, flush=True)
        said.seek(0)
        return _Run(seconds, process.returncode, peak, said.read(), left)


def _name(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text("utf-8", "replace").strip()
    return "it has ended by now"


def _peak(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def _scores(out: Path, expected: dict[str, int]) -> dict[str, int]:
    """The score of each submission. Raises RuntimeError when one is missing, or not what it has to be."""
    scores = {}
    for name, percent in expected.items():
        result = json.loads((out / "submissions" / name / "result.json").read_text("utf-8"))
        verdicts = result["report"]["verdicts"]
        statuses = Counter(verdict["status"] for verdict in verdicts)
        if percent == 100 and statuses["passed"] != len(verdicts):
            raise RuntimeError(f"{name} is solved, and this came: {dict(statuses)} {result['notes']}")
        scores[name] = statuses["passed"]
    if len(list((out / "submissions").iterdir())) != len(expected):
        raise RuntimeError(f"{out} holds other results, too")
    return scores


def _count_left(temporary: Path) -> int:
    names = sorted(path.name for path in temporary.iterdir())
    if names:
        print(f"  left in the temporary folder: {', '.join(names)}", file=sys.stderr, flush=True)
    return len(names)


def _kept(said: str) -> str:
    bars = re.findall(r"(\d+/\d+) ", said)
    return bars[-1] if bars else "before the first submission"
