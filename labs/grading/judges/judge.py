"""Judge one submission, in a process of its own: execute it with papermill, then run its lab's checks.

What is known is sent on at once, so that a judge which is ended in the middle leaves what it had found.
"""

from __future__ import annotations

import functools
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
from multiprocessing.connection import Connection, wait
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from papermill.engines import papermill_engines

from labs.course.catalog import Pattern, use_course
from labs.errors import UserError
from labs.grading.isolation import linux, sandbox
from labs.grading.isolation.sandbox import Sandbox, Tier
from labs.grading.job import Job
from labs.grading.judges.judge_messages import Begun, Checked, Done, FromJudge, Noted, NotStarted, Rejected
from labs.grading.judges.kernel_host import KernelHost
from labs.grading.kernels.papermill_client import MAX_OUTPUT, MAX_REVIVALS, Kernel, Trouble
from labs.grading.kernels.provisioner import ForkProvisioner
from labs.grading.release import release_of
from labs.grading.submissions.submission import Submission, exercise_of, parse_submission
from labs.judge.fixtures import backing_ports
from labs.judge.run import list_checks, run_checks
from labs.judge.verdict import Report, Verdict
from labs.service.messages import encode

__all__ = ["checks_of", "run_judge"]

Send = Callable[[FromJudge], None]
WaitForTurn = Callable[[], int | None]


@functools.cache
def checks_of(pattern: Pattern) -> Report:
    """The lab's checks, none of them run."""
    return list_checks(pattern)


def run_judge(job: Job, forkserver: str, work: str, connection: Connection, wait_for_turn: WaitForTurn) -> None:
    """What a judge's process does: lock itself up, execute the notebook, run the checks, and send what it finds.

    `forkserver` is the path of the socket at which kernels are to be had, and `work` the only folder that this process
    may write to. `wait_for_turn` is called when the kernel is there; it returns when the notebook's cells may be run,
    and says on which processor the service is to run.
    """
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)

    def send(message: FromJudge) -> None:
        try:
            connection.send_bytes(encode(message))
        except OSError:  # who wanted to know was killed; while this one lives, so does what it was forked from
            os._exit(1)

    shared = Path(work)
    links: list[socket.socket] = []
    namespaces: list[int] = []
    try:
        linux.name_process("labs-judge")
        os.setpgid(0, 0)  # Ctrl-C in the terminal is for the batch, which ends its judges itself
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])  # blocked where this was forked
        if job.fork:
            links = [_connected(forkserver) for _ in range(MAX_REVIVALS + 1)]
        if job.patterns:
            use_course(Path(job.patterns), Path(job.notebooks))
        submission = parse_submission(job.content, job.source)
        if job.lab and submission.pattern.name != job.lab:
            raise UserError(f"It is the notebook of {submission.pattern.name}, and {job.lab} is to be graded.")
        report = checks_of(submission.pattern)
        send(Begun(submission.pattern.name, release_of(submission.pattern), report))
        if job.fork and sys.platform.startswith("linux"):
            namespaces = sandbox.open_sandbox(job.tier, shared, job.limits)
            sandbox.lock_judge(job.tier, shared, job.limits, [submission.pattern.folder])
        threading.Thread(target=_end_with_parent, daemon=True).start()  # only now: namespaces are for a single thread
        tempfile.tempdir = work
        os.environ.update(TMPDIR=work, HOME=work, IPYTHONDIR=work + "/.ipython", JUPYTER_RUNTIME_DIR=work + "/.jupyter")
    except UserError as error:
        send(Rejected(str(error)))
        return
    _Session(job, submission, shared, send, wait_for_turn).execute_and_check(links if job.fork else None, namespaces)


def _connected(forkserver: str) -> socket.socket:
    """A connection to the forkserver for one kernel. A judge that has locked itself up can't make one any more."""
    link = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    link.connect(forkserver)
    return link


def _end_with_parent() -> None:
    """End this process when its parent has ended, even in the middle of a check: nobody will read what it finds."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


class _Session:
    """One submission while it is executed and checked."""

    def __init__(self, job: Job, submission: Submission, shared: Path, send: Send, wait_for_turn: WaitForTurn) -> None:
        self._job = job
        self._submission = submission
        self._shared = shared
        self._send = send
        self._wait_for_turn = wait_for_turn
        self._host = KernelHost()
        self._provisioner: ForkProvisioner | None = None  # of the forked kernel, once there is one
        self._report: Report | None = None  # once the checks were run
        self._died = self._timed_out = 0

    def execute_and_check(self, links: list[socket.socket] | None, namespaces: list[int]) -> None:
        """Send Checked for each check, Noted for each trouble, and Done; or NotStarted.

        `links` are connections to the forkserver; None: papermill starts the kernel its own way. `namespaces` are
        descriptors of what the kernel has to join.
        """
        try:
            self._execute(links, namespaces)
        except Exception as error:  # papermill's, nbclient's or the system's: what was judged stands
            why_not = f"{type(error).__name__}: {_short(str(error))}"
            if self._host.deadline == float("inf"):  # nothing of the learner's had begun
                self._send(NotStarted(f"Its notebook could not be started ({why_not})."))
                return
            self._note(f"The notebook did not run to its end: {why_not}")
        finally:
            self._host.close()
        self._send(self._done())

    def _execute(self, links: list[socket.socket] | None, namespaces: list[int]) -> None:
        papermill_engines.execute_notebook_with_engine(
            "labs",
            self._submission.notebook,
            kernel_name="python3",
            progress_bar=False,
            begin=self._begin,
            visit=self._check,
            note=self._note_trouble,
            configure=functools.partial(self._configure, links, namespaces),
            fork=links is not None,
            kernel_env=None if links is not None else {**os.environ, "LABS_GRADING": "1"},
            cwd=_home(self._job.isolation, self._shared),
            execution_timeout=self._job.cell_timeout,
            interrupt_on_timeout=True,
            raise_on_iopub_timeout=False,  # an output that was too long takes those behind it along
            iopub_timeout=10,
            record_timing=False,
            allow_errors=True,
            store_widget_state=False,
        )

    def _begin(self) -> None:
        """Wait until the cells may be run. From then on the submission's time runs."""
        self._host.processor = self._wait_for_turn()
        self._host.deadline = time.monotonic() + self._job.time_limit

    def _configure(
        self, links: list[socket.socket] | None, namespaces: list[int], provisioner: ForkProvisioner
    ) -> None:
        """Say how the kernel is locked up that is about to be forked."""
        job, shared = self._job, self._shared
        backings = self._submission.pattern.backings
        connect = (self._host.port, *backing_ports(backings)) if job.tier is Tier.LANDLOCK else ()
        provisioner.sandbox = Sandbox(job.tier, str(shared), connect, job.limits)
        provisioner.namespaces = namespaces
        provisioner.links = links
        provisioner.environment = _environment(job.tier, shared)
        self._provisioner = provisioner

    def _check(self, kernel: Kernel) -> None:
        """Run the lab's checks against what the notebook has left in its kernel."""
        self._host.use(kernel)
        self._report = run_checks(self._submission.pattern, self._host, listener=self._tell)

    def _tell(self, verdict: Verdict) -> None:
        if verdict.status.done:
            self._send(Checked(verdict))

    def _note_trouble(self, cell: NotebookNode, trouble: Trouble) -> None:
        name = f"The cell of exercise {exercise_of(cell)}" if exercise_of(cell) else "A cell"
        match trouble:
            case Trouble.TIMED_OUT:
                self._timed_out += 1
                self._note(f"{name} took longer than {self._job.cell_timeout} s and was stopped.")
            case Trouble.DIED:
                self._died += 1
                self._note(f"{name} ended the notebook's process{self._why()}; the other cells were run without it.")
            case Trouble.CONFUSED:
                self._note(f"{name} sent messages that no notebook sends; the other cells were run without it.")
            case Trouble.FLOODED:
                self._note(f"{name} put out more than {MAX_OUTPUT // 1024 // 1024} MB: what came later is left out.")

    def _note(self, sentence: str) -> None:
        self._submission.notes.append(sentence)
        self._send(Noted(sentence))

    def _why(self) -> str:
        """In brackets, what the kernel was stopped for; empty when it was not stopped."""
        why = self._provisioner.why.rstrip(".") if self._provisioner else ""
        return f" ({why[0].lower()}{why[1:]})" if why else ""

    def _done(self) -> Done:
        submission, report = self._submission, self._report
        notes = [*submission.notes, *_failed_exercises(submission.notebook)]
        if report is not None and report.problem:
            notes.append(report.problem)
        return Done(
            notes=tuple(notes),
            answers=submission.answers,
            shipped=submission.shipped,
            hints=submission.hints,
            died=self._died + self._host.lost,
            timed_out=self._timed_out,
            seed=report.seed if report is not None else "",
            executed=nbformat.writes(submission.notebook, indent=None),  # which Python writes many times as fast
        )


def _home(tier: Tier, shared: Path) -> str:
    """Where the notebook may write, relative paths included."""
    return "/tmp" if tier is Tier.NAMESPACES else str(shared)  # a sandbox of namespaces has a /tmp of its own


def _environment(tier: Tier, shared: Path) -> dict[str, str]:
    """The environment of a kernel: nothing of the instructor's."""
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
