"""The process that serves a learner's module for `labs check`: commands on stdin, answers and log lines on pipes.

Started as `python -m labs.service.process_child REFERENCE LOG_END MODULE...`. Where the platform has fork, each start
gets a fresh copy of a process that has common libraries imported (the modules named, then what the service was seen to
use) but not yet the learner's module: module-level code sees the environment of its own start, as in production, and
nothing is left from the start before.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from typing import BinaryIO

from labs.service.libraries import LIBRARIES, import_for_all
from labs.service.messages import decode, encode
from labs.service.process_messages import (
    TO_CHILD,
    Ended,
    FromChild,
    Ready,
    Serving,
    Start,
    StartFailure,
    Stop,
    Stopped,
    Unwritten,
)
from labs.service.processes import CAN_FORK, set_variables


def main(reference: str, log_end: str, *modules: str) -> None:
    """Serve commands until stdin ends."""
    control = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # from here on whatever is printed belongs to the service's log
    if CAN_FORK:
        import_for_all(("labs.service.runner", *modules))
    _say(control, Ready())
    for line in sys.stdin:
        command = decode(line, *TO_CHILD)
        if isinstance(command, Stop):
            continue
        if not CAN_FORK:
            _serve(reference, command, control)
            _finish(control, log_end, 0)
            return
        _fork_and_serve(reference, command, control, log_end)


def _say(control: BinaryIO, message: FromChild) -> None:
    control.write(encode(message))
    control.flush()


def _fork_and_serve(reference: str, command: Start, control: BinaryIO, log_end: str) -> None:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            _serve(reference, command, control)
            code = 0
        finally:
            try:
                sys.stdout.flush()
                sys.stderr.flush()
                os.write(writer, " ".join(sys.modules.keys() & set(LIBRARIES)).encode())
            finally:
                os._exit(code)  # learners' atexit handlers and threads can't keep it alive
    os.close(writer)
    _, status = os.waitpid(pid, 0)
    _finish(control, log_end, os.waitstatus_to_exitcode(status))
    _import_what_was_used(reader)


def _import_what_was_used(reader: int) -> None:
    """Import what the service has imported, so that the next start need not: an import takes longer than a check."""
    os.set_blocking(reader, False)  # what the service has left running may hold the other end
    with contextlib.suppress(BlockingIOError):
        used = set(os.read(reader, 65536).decode(errors="replace").split())
        if new := [name for name in LIBRARIES if name in used and name not in sys.modules]:
            import_for_all(new)
    os.close(reader)


def _finish(control: BinaryIO, log_end: str, code: int) -> None:
    # The marker follows everything the service wrote: whoever has read it has read the whole stream.
    os.write(2, f"\n{log_end}\n".encode())
    _say(control, Ended(code))


def _serve(reference: str, command: Start, control: BinaryIO) -> None:
    from labs.errors import UserError
    from labs.service.factory import load_factory
    from labs.service.host import StartFailed, Unimplemented, unfinished_function

    set_variables(command.env)
    try:
        from labs.service.runner import Runner

        runner = Runner(load_factory(reference))
        runner.capture = False
        url = runner.start(command.env)
    except Unimplemented as error:
        return _say(control, Unwritten(str(error)))
    except NotImplementedError as error:
        return _say(control, Unwritten(unfinished_function(error) or "the module"))
    except (StartFailed, UserError) as error:
        return _say(control, StartFailure(str(error)))
    except Exception as error:  # a broken engine is our fault: the log says what broke
        traceback.print_exc()
        return _say(control, StartFailure(f"{type(error).__name__}: {error}"))
    _say(control, Serving(url))
    for line in sys.stdin:
        if isinstance(decode(line, *TO_CHILD), Stop):
            break
    runner.stop()
    _say(control, Stopped(tuple(runner.incidents)))


if __name__ == "__main__":
    main(*sys.argv[1:])
