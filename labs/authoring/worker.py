"""The process behind `labs verify`: judges one service per line on stdin, each in a fresh copy of itself.

Where the platform has fork, a job costs no imports and nothing that it does to its process outlives it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from labs.authoring.checksfolder import inspect_checks
from labs.course.catalog import Pattern
from labs.course.lesson import Lesson
from labs.errors import UserError
from labs.judge.run import run_checks
from labs.service import Host, Runner, load_factory
from labs.service.libraries import LIBRARIES, import_for_all
from labs.service.process_host import ProcessHost

__all__ = ["main"]

CAN_FORK = hasattr(os, "fork") and sys.platform == "linux"
_PYTEST = ("helpconfig", "setuponly", "setupplan", "skipping", "unittest")  # what it imports at its first run


def main() -> None:
    """Serve jobs until stdin ends. For each: lines with its results, then a line with its end."""
    control = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)  # whatever a service prints past its log stream must not look like a result
    import_for_all((*LIBRARIES, "fakeredis", "pdb", *(f"_pytest.{name}" for name in _PYTEST)))
    for line in sys.stdin:
        code = _in_copy(line, control) if CAN_FORK else _work(line, control)
        control.write(json.dumps({"end": code}) + "\n")


def _in_copy(line: str, control: Any) -> int:
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = _work(line, control)
        finally:
            os._exit(code)  # an answer's threads and atexit handlers can't keep it alive
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def _work(line: str, control: Any) -> int:
    job = json.loads(line)

    def say(**message: Any) -> None:
        control.write(json.dumps(message) + "\n")
        control.flush()

    try:
        if job["do"] == "inspect":
            say(**inspect_checks(_pattern(job)))
        else:
            _judge(job, say)
    except Exception:  # ours, whatever it is: the author of a lab needs to see it
        say(broke=traceback.format_exc())
    return 0


def _judge(job: dict[str, Any], say: Callable[..., None]) -> None:
    """Judge each of the job's sources so many times, and say so for each when it is done."""
    pattern = _pattern(job)
    with tempfile.TemporaryDirectory(prefix="labs-verify-") as folder:
        path = Path(folder) / "service.py"
        host = ProcessHost(f"{path}:create_app", backings=pattern.backings) if job["host"] == "process" else None
        by_all = [""] * len(job["sources"])
        for source, only in zip(job["sources"], job.get("only", by_all), strict=True):
            # Compiled from the source before, which may be of the same second and size.
            shutil.rmtree(path.parent / "__pycache__", ignore_errors=True)
            path.write_text(source, "utf-8")
            with _deadline(job["deadline"], host, say):
                say(run=_run(pattern, host, path, job["times"], only))
        if host is not None:
            host.close()


def _run(pattern: Pattern, host: ProcessHost | None, path: Path, times: int, only: str) -> dict[str, Any]:
    """Reports of so many runs; with `only`, of that check and of those that it builds on."""

    def judge(host: Host) -> list[dict[str, Any]]:
        return [run_checks(pattern, host, only=only, and_earlier=True).to_dict() for _ in range(times)]

    if host is not None:
        return {"reports": judge(host)}
    try:
        runner = Runner(load_factory(f"{path}:create_app"))
    except UserError as error:
        return {"problem": str(error).replace(str(path), "the service")}
    except NotImplementedError:
        return {"problem": "The service raises NotImplementedError when it is imported, not when it is called."}
    reports = judge(runner)
    runner.close()
    return {"reports": reports}


@contextlib.contextmanager
def _deadline(seconds: float, host: ProcessHost | None, say: Callable[..., None]) -> Iterator[None]:
    """End this process when a run takes too long, and that of its service, of which nobody else knows."""

    def give_up() -> None:
        if host is not None:
            host.close()
        say(late=True)
        if CAN_FORK:
            os._exit(0)

    timer = threading.Timer(seconds, give_up)
    timer.daemon = True
    timer.start()
    yield
    timer.cancel()


def _pattern(job: dict[str, Any]) -> Pattern:
    pattern = Pattern(Path(job["folder"]))
    vars(pattern)["lesson"] = Lesson.from_json(job["lesson"])  # reading lesson.md would cost seconds for each run
    return pattern


if __name__ == "__main__":
    main()
