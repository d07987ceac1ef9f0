"""A process that has imported everything a notebook needs and forks a kernel of it, in milliseconds, whenever asked.

It has no thread, event loop or zmq context, and it never imports a check or a solution: a kernel can read all of its
memory. Each connection to its socket is one kernel: a KernelRequest with descriptors, then SendSignal as often as
wanted; back comes Ended (see `fork_messages`). The first descriptor gets a byte when the kernel can be talked to. A
closed connection is the end of the kernel and of all it started.

    python -m labs.grading.kernels.forkserver SOCKET     prints a line when it listens, ends when its stdin does
"""

from __future__ import annotations

import contextlib
import functools
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable

from labs.grading.isolation import limits, linux
from labs.grading.isolation.sandbox import Sandbox, Tier, join_sandbox, lock_kernel, prepare
from labs.grading.kernels.fork_messages import MAX_PACKET, Ended, KernelRequest, SendSignal
from labs.service.libraries import LIBRARIES, import_all, keep_heap
from labs.service.messages import decode, encode

__all__ = ["serve"]

WATCH = 0.1  # seconds between two looks at how much memory a notebook uses

# What notebooks, their services and the kernel import: loaded once, shared by all.
PRELOAD = (
    *(
        "ipykernel.kernelapp",
        "ipykernel.ipkernel",
        "ipykernel.zmqshell",
        "ipykernel.debugger",
        "ipykernel.comm.manager",
    ),
    *("IPython.core.completer", "IPython.core.magics", "IPython.core.history", "IPython.core.ultratb"),
    *("IPython.core.display_functions", "matplotlib_inline", "zmq", "tornado.platform.asyncio", "psutil", "comm"),
    *("IPython.core.logger", "faulthandler"),
    *LIBRARIES,
    *("labs.grading.kernels.kernel_child", "labs.service.process_state", "labs.grading.kernels.quiet"),
)


def serve(path: str) -> None:
    """Listen on a UNIX socket until stdin ends. Never returns in a forked kernel."""
    linux.name_process("labs-forkserver")
    sys.modules["debugpy"] = None  # type: ignore[assignment]  # nobody debugs in here, and it starts threads
    import_all(PRELOAD, parent=os.getppid())
    _warm_up()
    prepare()
    linux.prctl(linux.SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers are reaped by the system
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever asks for kernels
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(path)
    os.chmod(path, 0o600)
    listener.listen(128)
    keep_heap()
    try:
        print("ready", flush=True)
    except BrokenPipeError:  # who wanted kernels was interrupted meanwhile
        os._exit(0)
    waiting: list[socket.socket] = []  # connections made in advance, for kernels that may be asked for later
    while True:
        readable, _, _ = select.select([listener, sys.stdin, *waiting], [], [])
        if sys.stdin in readable:
            return
        if listener in readable:
            waiting.append(listener.accept()[0])
        for connection in [one for one in waiting if one in readable]:
            waiting.remove(connection)
            if connection.recv(1, socket.MSG_PEEK) and os.fork() == 0:
                for other in (listener, *waiting):
                    other.close()
                _end_with(functools.partial(_keep, connection))
            connection.close()


def _warm_up() -> None:
    """Build once what libraries build on first use, and what each kernel would otherwise build at its start."""
    from labs.grading.kernels.kernelapp import make_shell
    from labs.grading.kernels.warmup import warm_up

    warm_up()
    make_shell()


def _end_with(work: Callable[[], int]) -> None:
    """Do something in a forked process that must not return."""
    code = 70
    try:
        code = work()
    except BaseException as error:  # nothing above may run in this process
        with contextlib.suppress(OSError):
            os.write(2, f"labs.grading.kernels.forkserver: {type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(code)


def _keep(connection: socket.socket) -> int:
    """Start one kernel, watch over it, and leave nothing of it behind."""
    linux.name_process("labs-keeper")
    linux.prctl(linux.SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    data, descriptors, _, _ = socket.recv_fds(connection, MAX_PACKET, 8)
    request = decode(data, KernelRequest)
    sandbox = request.sandbox
    ready, *namespaces = descriptors
    linux.prctl(linux.SET_CHILD_SUBREAPER, 1)
    niceness = os.getpriority(os.PRIO_PROCESS, 0)
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, -5)  # who watches must get through, whatever the watched are doing
    if namespaces:
        join_sandbox(namespaces)
    for descriptor in namespaces:
        os.close(descriptor)
    kept, _keeping = os.pipe()  # `kept` can be read when this process is gone
    kernel = os.fork()
    if kernel == 0:
        connection.close()
        if os.getpriority(os.PRIO_PROCESS, 0) < niceness:  # who was started by `nice` may not go below that
            os.setpriority(os.PRIO_PROCESS, 0, niceness)
        _end_with(lambda: _first_process(request, ready, kept))
    os.close(ready)
    os.close(kept)
    why = _watch(connection, kernel, sandbox)
    _kill(limits.descendants(kernel))
    _, status = os.waitpid(kernel, 0)
    _sweep()
    with contextlib.suppress(OSError):
        connection.send(encode(Ended(os.waitstatus_to_exitcode(status), why)))
    return 0


def _watch(connection: socket.socket, kernel: int, sandbox: Sandbox) -> str:
    """Wait until the kernel ends or nobody wants it. Returns a sentence when it has used more than it may, else ""."""
    ended = os.pidfd_open(kernel)
    poll = select.poll()
    poll.register(ended, select.POLLIN)
    poll.register(connection, select.POLLIN)
    looked = time.monotonic()
    while True:
        events = dict(poll.poll(WATCH * 1000))
        if ended in events:
            return ""
        if connection.fileno() in events:
            data = connection.recv(MAX_PACKET)
            if not data:
                return ""
            with contextlib.suppress(ProcessLookupError):
                os.kill(kernel, decode(data, SendSignal).number)
        if sandbox.tier != Tier.NONE and time.monotonic() - looked >= WATCH:
            pids = limits.descendants(kernel)
            if limits.memory_of(pids, sandbox.limits.memory) > sandbox.limits.memory:
                return f"It used more than {sandbox.limits.memory // limits.MB} MB of memory."
            if len(pids) > sandbox.limits.processes:
                return f"It started more than {sandbox.limits.processes} processes."
            looked = time.monotonic()


def _kill(pids: list[int]) -> None:
    """Kill these processes. All are stopped first: else those that still run could start others meanwhile."""
    for signal_ in (signal.SIGSTOP, signal.SIGKILL):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal_)


def _sweep() -> None:
    """Kill what outlived its parents: as a subreaper this process has inherited it."""
    for _ in range(200):
        left = limits.descendants(os.getpid())[1:]
        if not left:
            return
        _kill(left)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, 0)


def _first_process(request: KernelRequest, ready: int, kept: int) -> int:
    """Lock this process up and become the kernel; in namespaces, fork the kernel and be the parent of all others."""
    linux.name_process("labs-kernel")
    linux.prctl(linux.SET_PDEATHSIG, signal.SIGKILL)
    ready, kept = os.dup(ready), os.dup(kept)  # neither may stand in the other's new place
    os.dup2(ready, 3)
    os.dup2(kept, 4)
    os.closerange(5, 4096)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.close(nothing)
    lock_kernel(request.sandbox)
    if select.select([4], [], [], 0)[0]:
        # The keeper has ended. That kills this process (PR_SET_PDEATHSIG), but not in the middle of `lock_kernel`:
        # a change of user cancels the signal until it is asked for again.
        return 0
    os.close(4)
    if request.sandbox.tier != Tier.NAMESPACES:
        return _kernel(request)
    kernel = os.fork()
    if kernel == 0:
        os.setsid()
        _end_with(lambda: _kernel(request))
    linux.name_process("labs-init")
    os.close(3)
    signal.signal(signal.SIGINT, lambda *_: os.kill(kernel, signal.SIGINT))
    while True:  # the first process of a namespace has to reap all others
        pid, status = os.waitpid(-1, 0)
        if pid == kernel:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _kernel(request: KernelRequest) -> int:
    """Become an ipykernel."""
    from labs.grading.kernels.kernelapp import run_kernel

    os.environ.clear()
    os.environ.update(request.env)
    os.makedirs(request.cwd, exist_ok=True)
    os.chdir(request.cwd)
    sys.path[:] = ["", *(path for path in sys.path if path)]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    run_kernel(request.connection, ready=3)
    return 0


if __name__ == "__main__":
    serve(sys.argv[1])
