"""Judge one submission, in a process of its own: execute it with papermill, then run its lab's checks.

What is known is sent on at once, so that a judge which is ended in the middle leaves what it had found.
"""

from __future__ import annotations

import functools
import json
import logging
import multiprocessing
import os
import re
import signal
import socket
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from papermill.engines import papermill_engines

from labs.course.catalog import Pattern, use_course
from labs.errors import UserError
from labs.grading.isolation import linux, sandbox
from labs.grading.isolation.sandbox import Sandbox, Tier
from labs.grading.job import Job
from labs.grading.judges.kernel_host import KernelHost
from labs.grading.kernels.papermill_engine import MAX_OUTPUT, MAX_REVIVALS, Kernel, Trouble
from labs.grading.kernels.provisioner import ForkProvisioner
from labs.grading.release import release_of
from labs.grading.submissions.submission import Submission, exercise_of, parse_submission
from labs.judge.fixtures import backing_ports
from labs.judge.run import list_checks, run_checks
from labs.judge.verdict import Report, Verdict

__all__ = ["checks_of", "judge", "judge_process"]

Send = Callable[[dict[str, Any]], None]
Turn = Callable[[], int | None]


@functools.cache
def checks_of(pattern: Pattern) -> dict[str, Any]:
    """The lab's checks, none of them run, as a report's dict."""
    return list_checks(pattern).to_dict()


def judge_process(job: Job, forkserver: str, work: str, connection: Any, turn: Turn) -> None:
    """The judge's process: it locks itself up, judges, and sends JSON messages. See `judge`."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)

    def send(message: dict[str, Any]) -> None:
        try:
            connection.send_bytes(json.dumps(message).encode("utf-8", "backslashreplace"))
        except OSError:  # who wanted to know was killed; while this one lives, so does what it was forked from
            os._exit(1)

    shared = Path(work)
    links = []
    namespaces: list[int] = []
    try:
        linux.name_process("labs-judge")
        os.setpgid(0, 0)  # Ctrl-C in the terminal is for the batch, which ends its judges itself
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])  # blocked where this was forked
        if job.fork:
            for _ in range(MAX_REVIVALS + 1):
                link = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                link.connect(forkserver)
                links.append(link)
        if job.patterns:
            use_course(Path(job.patterns), Path(job.notebooks))
        submission = parse_submission(job.content, job.source)
        if job.lab and submission.pattern.name != job.lab:
            raise UserError(f"It is the notebook of {submission.pattern.name}, and {job.lab} is to be graded.")
        report = checks_of(submission.pattern)
        send({"lab": submission.pattern.name, "release": release_of(submission.pattern), "report": report})
        if job.fork and sys.platform.startswith("linux"):
            namespaces = sandbox.open_sandbox(job.tier, shared, job.limits)
            sandbox.lock_judge(job.tier, shared, job.limits, [submission.pattern.folder])
        threading.Thread(target=_end_with_parent, daemon=True).start()  # only now: namespaces are for a single thread
        tempfile.tempdir = work
        os.environ.update(TMPDIR=work, HOME=work, IPYTHONDIR=work + "/.ipython", JUPYTER_RUNTIME_DIR=work + "/.jupyter")
    except UserError as error:
        send({"rejected": str(error)})
        return
    judge(job, submission, send, turn, shared, links if job.fork else None, namespaces)


def _end_with_parent() -> None:
    """At once, in the middle of a check: nobody will read what it comes to."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def judge(
    job: Job,
    submission: Submission,
    send: Send,
    turn: Turn,
    shared: Path,
    links: list[socket.socket] | None,
    namespaces: list[int],
) -> None:
    """Execute and judge. Messages: {"verdict": …} for each check, {"note": …}, and {"done": …} with the rest.

    `turn` is called when the kernel is there and returns when its cells may be run, with a processor for the service.
    """
    pattern = submission.pattern
    notes = submission.notes
    counts = {"died": 0, "timed_out": 0}
    host = KernelHost()
    result: dict[str, Report] = {}

    def note(cell: NotebookNode, what: Trouble) -> None:
        name = f"The cell of exercise {exercise_of(cell)}" if exercise_of(cell) else "A cell"
        if what is Trouble.TIMED_OUT:
            counts["timed_out"] += 1
            sentence = f"{name} took longer than {job.cell_timeout} s and was stopped."
        elif what is Trouble.DIED:
            counts["died"] += 1
            sentence = f"{name} ended the notebook's process{why()}; the other cells were run without it."
        elif what is Trouble.CONFUSED:
            sentence = f"{name} sent messages that no notebook sends; the other cells were run without it."
        else:
            sentence = f"{name} put out more than {MAX_OUTPUT // 1024 // 1024} MB: what came later is left out."
        notes.append(sentence)
        send({"note": sentence})

    provisioners: list[ForkProvisioner] = []

    def why() -> str:
        said = provisioners[0].why if provisioners else ""
        return f" ({said.rstrip('.')[0].lower()}{said.rstrip('.')[1:]})" if said else ""

    def configure(provisioner: ForkProvisioner) -> None:
        provisioners.append(provisioner)
        connect = (host.port, *backing_ports(pattern.backings)) if job.tier == Tier.LANDLOCK else ()
        provisioner.sandbox = Sandbox(job.tier, str(shared), connect, job.limits)
        provisioner.namespaces = namespaces
        provisioner.links = links
        provisioner.environment = _environment(job.tier, shared)

    def judged(kernel: Kernel) -> None:
        host.use(kernel)
        result["report"] = run_checks(pattern, host, listener=lambda verdict: _tell(verdict, send))

    notebook = submission.notebook
    kernel_env = None if links is not None else {**os.environ, "LABS_GRADING": "1"}
    try:
        papermill_engines.execute_notebook_with_engine(
            "labs",
            notebook,
            kernel_name="python3",
            progress_bar=False,
            begin=functools.partial(_begin, turn, host, job.time_limit),
            judge=judged,
            note=note,
            configure=configure,
            fork=links is not None,
            kernel_env=kernel_env,
            cwd=_home(job.isolation, shared),
            execution_timeout=job.cell_timeout,
            interrupt_on_timeout=True,
            raise_on_iopub_timeout=False,  # an output that was too long takes those behind it along
            iopub_timeout=10,
            record_timing=False,
            allow_errors=True,
            store_widget_state=False,
        )
    except Exception as error:  # papermill's, nbclient's or the system's: what was judged stands
        why_not = f"{type(error).__name__}: {_short(str(error))}"
        if host.deadline == float("inf"):  # nothing of the learner's had begun
            return send({"failed": f"Its notebook could not be started ({why_not})."})
        notes.append(f"The notebook did not run to its end: {why_not}")
        send({"note": notes[-1]})
    finally:
        host.close()
    counts["died"] += host.lost
    notes += _failed_exercises(notebook)
    if "report" in result and result["report"].problem:
        notes.append(result["report"].problem)
    send(
        {
            "done": {
                "notes": notes,
                "answers": submission.answers,
                "shipped": submission.shipped,
                "hints": submission.hints,
                "seed": result["report"].seed if "report" in result else "",
                **counts,
            },
            "executed": nbformat.writes(notebook, indent=None),  # which Python writes many times as fast
        }
    )


def _begin(turn: Turn, host: KernelHost, time_limit: float) -> None:
    host.processor = turn()
    host.deadline = time.monotonic() + time_limit


def _home(tier: str, shared: Path) -> str:
    """Where the notebook may write, relative paths included."""
    return "/tmp" if tier == Tier.NAMESPACES else str(shared)  # its own


def _environment(tier: str, shared: Path) -> dict[str, str]:
    home = _home(tier, shared)
    return {
        "PATH": f"{sys.prefix}/bin:/usr/bin:/bin",
        "HOME": home,
        "TMPDIR": home,
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "IPYTHONDIR": f"{home}/.ipython",
        "MPLBACKEND": "agg",
        "PYTHONDONTWRITEBYTECODE": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "LABS_GRADING": "1",
    }


def _tell(verdict: Verdict, send: Send) -> None:
    if verdict.status.done:
        send({"verdict": asdict(verdict)})


def _failed_exercises(notebook: NotebookNode) -> list[str]:
    """One sentence for each exercise whose cell raised."""
    notes = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if exercise_of(cell) and output.output_type == "error" and output.ename != "KeyboardInterrupt":
                said = re.sub(r"\(\d+\.py, line", "(line", _short(output.evalue))  # IPython's file name
                notes.append(f"The cell of exercise {exercise_of(cell)} ended with {_short(output.ename)}: {said}.")
    return notes


def _short(text: str) -> str:
    return " ".join(text.split())[:200]
