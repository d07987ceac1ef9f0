"""Which tier of isolation this machine gives, found out by trying it, and what would give a better one."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from labs.errors import UserError
from labs.grading.isolation import filesystem, landlock, sandbox
from labs.grading.isolation.interrupts import interrupts_held
from labs.grading.isolation.limits import Limits
from labs.grading.isolation.sandbox import TIERS, Sandbox, Tier

__all__ = ["Findings", "choose", "explore"]


@dataclass(frozen=True, slots=True)
class Findings:
    """The tiers that work here, the best first, and why the others don't."""

    tiers: tuple[Tier, ...]
    problems: dict[Tier, str]  # a sentence for each that does not work

    @property
    def best(self) -> Tier:
        """The strictest tier that works."""
        return self.tiers[0]


def choose(isolation: str) -> Tier:
    """The tier to grade in. Raises UserError where `isolation` is "require" and there are no namespaces.

    With "best" it is the strictest tier that works here, with "none" limits only.
    """
    if isolation == "none":
        return Tier.LIMITS
    findings = explore()
    if isolation == "require" and findings.best != Tier.NAMESPACES:
        raise UserError(
            f"--isolation=require, and this machine gives no namespaces: {findings.problems[Tier.NAMESPACES]} "
            "`labs doctor` says how to get them; --isolation=best grades with what there is."
        )
    return findings.best


def explore() -> Findings:
    """Try each tier for real, in a process of its own. Takes some 20 ms."""
    problems = {}
    tiers = []
    for tier in TIERS:
        problem = _try(tier)
        if problem:
            problems[tier] = problem
        else:
            tiers.append(tier)
    return Findings(tuple(tiers or [Tier.LIMITS]), problems)


def _try(tier: Tier) -> str:
    """Why this tier does not work here, in a sentence; empty when it does. A forked process does what grading does."""
    if not sys.platform.startswith("linux"):
        return "" if tier == Tier.LIMITS else "It needs Linux."
    if tier == Tier.LANDLOCK and landlock.abi() < landlock.SIGNALS_SINCE:
        return f"Landlock of version {landlock.SIGNALS_SINCE} (Linux 6.12) is needed, and this is {landlock.abi()}."
    with interrupts_held(), tempfile.TemporaryDirectory(prefix="labs-probe-") as folder:
        shared = Path(folder)
        os.chown(shared, sandbox.owner(), -1)
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            problem = "It ended without a word."
            try:
                problem = _attempt(tier, shared)
            except BaseException as error:  # a forked process must not return
                problem = f"{error}."
            finally:
                os.write(writer, problem.encode(errors="replace")[:4000])
                os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as answer:
            problem = answer.read().decode()
        os.waitpid(pid, 0)
    return problem


def _attempt(tier: Tier, shared: Path) -> str:
    forbidden = filesystem.must_not_be_read()  # asked out here, where all of it can be seen
    descriptors = _opened(tier, shared)
    if descriptors:
        sandbox.join_sandbox(descriptors)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            sandbox.lock_kernel(Sandbox(tier, str(shared)))
            (shared / "written").write_text("x", "ascii")
            code = 2 if tier != Tier.LIMITS and _reads_any(forbidden) else 0
        except BaseException as error:  # a forked process must not return
            (shared / "problem").write_text(str(error), "utf-8")
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code == 0:
        return ""
    if code == 2:
        return "Files that a notebook must not read stay readable: solutions, the clone or your home."
    said = shared / "problem"
    return f"{said.read_text('utf-8')}." if said.exists() else f"It ended with code {code}."


def _opened(tier: Tier, shared: Path) -> list[int]:
    """Have another process open the sandbox, as a judge does: the process that opened it can't join it."""
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        try:
            descriptors = sandbox.open_sandbox(tier, shared, Limits())
            socket.send_fds(theirs, [b"opened"], descriptors)
        except BaseException as error:  # a forked process must not return
            theirs.send(str(error).encode(errors="replace")[:2000])
        finally:
            os._exit(0)
    said, descriptors, _, _ = socket.recv_fds(ours, 4096, 8)
    os.wait()
    ours.close()
    theirs.close()
    if said != b"opened":
        raise OSError(said.decode(errors="replace"))
    return descriptors


def _reads_any(paths: Sequence[Path]) -> bool:
    """Whether the content of one of these folders and files can be read here."""
    return any(map(_reads, paths))


def _reads(path: Path) -> bool:
    try:
        if path.is_dir():
            return any(path.iterdir())
        with path.open("rb") as file:
            return bool(file.read(1))
    except OSError:
        return False
