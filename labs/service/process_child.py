"""The process that serves a learner's module for `labs check`: commands on stdin, answers and log lines on pipes.

Started as `python -m labs.service.process_child REFERENCE LOG_END MODULE...`. Where the platform has fork, each start
gets a fresh copy of a process that has common libraries imported (the modules named, then what the service was seen to
use) but not yet the learner's module: module-level code sees the environment of its own start, as in production, and
nothing is left from the start before.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import traceback
from typing import Any

from labs.service.libraries import LIBRARIES, import_for_all

CAN_FORK = hasattr(os, "fork") and sys.platform == "linux"


def main(reference: str, log_end: str, *modules: str) -> None:
    """Serve commands until stdin ends."""
    control = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)  # from here on whatever is printed belongs to the service's log
    if CAN_FORK:
        import_for_all(("labs.service.runner", *modules))
    control.write(json.dumps({"ready": True}) + "\n")
    for line in sys.stdin:
        command = json.loads(line)
        if command["do"] != "start":
            continue
        if not CAN_FORK:
            _serve(reference, command["env"], control)
            _finish(control, log_end, 0)
            return
        _fork_and_serve(reference, command["env"], control, log_end)


def _fork_and_serve(reference: str, env: dict[str, str | None], control: Any, log_end: str) -> None:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            _serve(reference, env, control)
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
    """So that the next start does without: each import costs a service more than most of its checks do."""
    os.set_blocking(reader, False)  # what the service has left running may hold the other end
    with contextlib.suppress(BlockingIOError):
        used = set(os.read(reader, 65536).decode(errors="replace").split())
        if new := [name for name in LIBRARIES if name in used and name not in sys.modules]:
            import_for_all(new)
    os.close(reader)


def _finish(control: Any, log_end: str, code: int) -> None:
    # The marker follows everything the service wrote: whoever has read it has read the whole stream.
    os.write(2, f"\n{log_end}\n".encode())
    control.write(json.dumps({"exit": code}) + "\n")


def _serve(reference: str, env: dict[str, str | None], control: Any) -> None:
    from labs.errors import UserError
    from labs.service.factory import load_factory
    from labs.service.host import StartFailed, Unimplemented, unfinished_function

    def say(**message: Any) -> None:
        control.write(json.dumps(message) + "\n")

    for name, value in env.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    try:
        from labs.service.runner import Runner

        runner = Runner(load_factory(reference))
        runner.capture = False
        say(url=runner.start(env))
    except Unimplemented as error:
        return say(not_started=str(error))
    except NotImplementedError as error:
        return say(not_started=unfinished_function(error) or "the module")
    except (StartFailed, UserError) as error:
        return say(failed=str(error))
    except Exception as error:  # a broken engine is our fault: say what broke
        return say(failed=f"{type(error).__name__}: {error}", traceback=traceback.format_exc())
    for line in sys.stdin:
        if json.loads(line)["do"] == "stop":
            break
    runner.stop()
    say(incidents=[[incident.kind, incident.detail] for incident in runner.incidents])


if __name__ == "__main__":
    main(*sys.argv[1:])
