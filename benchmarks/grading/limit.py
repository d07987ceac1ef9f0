"""The least that is possible: a process that has imported everything forks, and the fork runs the cells and the checks.

No kernel, no protocol, no judge, no isolation, no notebook, no report. For each number on stdin it does that once and
answers with a line. With `pinned` it does so on one processor, that of this number, as `labs grade` does.

    python -m benchmarks.grading.limit LAB [pinned]
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import warnings

__all__: list[str] = []


def main(lab: str, pinned: str = "") -> None:
    warnings.simplefilter("ignore")
    sys.modules["debugpy"] = None  # as in the forkserver: it starts threads
    from labs.grading.judges import preload
    from labs.grading.kernels import forkserver, warmup
    from labs.service.libraries import import_all

    import_all(forkserver.PRELOAD)
    warmup.warm_up()
    from benchmarks.grading.workload import Workload
    from labs.course.catalog import find_pattern

    assert preload
    workload = Workload(find_pattern(lab))
    gc.collect()
    gc.freeze()
    print("ready", flush=True)
    processors = sorted(os.sched_getaffinity(0))
    for line in sys.stdin:
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            if pinned:
                os.sched_setaffinity(0, {processors[int(line) % len(processors)]})
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            with contextlib.suppress(BaseException):
                os.write(writer, str(_passed(workload)).encode())
            os._exit(0)
        os.close(writer)
        answer = os.read(reader, 100).decode()
        os.close(reader)
        os.waitpid(pid, 0)
        print(answer, flush=True)


def _passed(workload) -> int:
    from labs.judge.run import run_checks
    from labs.service import Runner

    namespace: dict[str, object] = {"__name__": "__main__"}
    sys.modules["__main__"].__dict__.update(namespace)
    for number, source in enumerate(workload.cells):
        exec(compile(source, f"<cell {number}>", "exec"), namespace)
    runner = Runner(namespace["create_app"])
    report = run_checks(workload.pattern, runner)
    runner.close()
    return sum(verdict.score == verdict.points for verdict in report.verdicts)


if __name__ == "__main__":
    main(*sys.argv[1:])
