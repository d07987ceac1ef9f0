"""The process behind `labs verify`: carries out one order for each line on stdin, each in a fresh copy of itself.

Where the platform has fork, an order costs no imports, and nothing that it does to its process outlives it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from labs.authoring.checksfolder import inspect_checks
from labs.authoring.worker_messages import (
    TO_WORKER,
    Broken,
    Done,
    FromWorker,
    InspectChecks,
    Late,
    RunChecks,
    ServedFrom,
    Service,
    ServiceRun,
    ToWorker,
)
from labs.course.catalog import Pattern
from labs.errors import UserError
from labs.judge.run import run_checks
from labs.judge.verdict import Report
from labs.service import Host, Runner, load_factory
from labs.service.libraries import LIBRARIES, import_for_all
from labs.service.messages import decode, encode
from labs.service.process_host import ProcessHost
from labs.service.processes import CAN_FORK

__all__ = ["main"]

_PYTEST = ("helpconfig", "setuponly", "setupplan", "skipping", "unittest")  # what pytest imports at its first run


Say = Callable[[FromWorker], None]


def main() -> None:
    """Carry out orders until stdin ends. For each: messages with what came of it, then Done."""
    control = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a service prints past its log stream must not look like a message
    import_for_all((*LIBRARIES, "fakeredis", "pdb", *(f"_pytest.{name}" for name in _PYTEST)))

    def say(message: FromWorker) -> None:
        control.write(encode(message))
        control.flush()

    for line in sys.stdin:
        order = decode(line, *TO_WORKER)
        say(Done(_in_copy(order, say) if CAN_FORK else _carry_out(order, say)))


def _in_copy(order: ToWorker, say: Say) -> int:
    """Carry out an order in a fork of this process; its exit code."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = _carry_out(order, say)
        finally:
            os._exit(code)  # an answer's threads and atexit handlers can't keep it alive
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def _carry_out(order: ToWorker, say: Say) -> int:
    try:
        if isinstance(order, InspectChecks):
            say(inspect_checks(_pattern(order)))
        else:
            _run_on_services(order, say)
    except Exception:  # ours, whatever it is: the author of a lab needs to see it
        say(Broken(traceback.format_exc()))
    return 0


def _run_on_services(order: RunChecks, say: Say) -> None:
    """Run the checks on each of the services so many times, and say for each what came of it."""
    pattern = _pattern(order)
    with tempfile.TemporaryDirectory(prefix="labs-verify-") as folder:
        path = Path(folder) / "service.py"
        host = None
        if order.served_from is ServedFrom.PROCESS:
            host = ProcessHost(f"{path}:create_app", backings=pattern.backings)
        for service in order.services:
            # Compiled from the source before, which may be of the same second and size.
            shutil.rmtree(path.parent / "__pycache__", ignore_errors=True)
            path.write_text(service.source, "utf-8")
            with _deadline(order.deadline, host, say):
                say(_run_on_service(pattern, host, path, service, order.times))
        if host is not None:
            host.close()


def _run_on_service(pattern: Pattern, host: ProcessHost | None, path: Path, service: Service, times: int) -> ServiceRun:
    """Reports of so many runs on one service, which stands in `path`; served by `host`, or in this process."""

    def run_on(host: Host) -> tuple[Report, ...]:
        return tuple(run_checks(pattern, host, only=service.only, and_earlier=True) for _ in range(times))

    if host is not None:
        return ServiceRun(run_on(host))
    try:
        runner = Runner(load_factory(f"{path}:create_app"))
    except UserError as error:
        return ServiceRun(problem=str(error).replace(str(path), "the service"))
    except NotImplementedError:
        return ServiceRun(problem="The service raises NotImplementedError when it is imported, not when it is called.")
    reports = run_on(runner)
    runner.close()
    return ServiceRun(reports)


@contextlib.contextmanager
def _deadline(seconds: float, host: ProcessHost | None, say: Say) -> Iterator[None]:
    """End this process when this takes too long, and its service's process, of which nobody else knows."""

    def give_up() -> None:
        if host is not None:
            host.close()
        say(Late())
        if CAN_FORK:
            os._exit(0)

    timer = threading.Timer(seconds, give_up)
    timer.daemon = True
    timer.start()
    yield
    timer.cancel()


def _pattern(order: ToWorker) -> Pattern:
    pattern = Pattern(Path(order.folder))
    vars(pattern)["lesson"] = order.lesson  # reading lesson.md would cost seconds for each run
    return pattern


if __name__ == "__main__":
    main()
