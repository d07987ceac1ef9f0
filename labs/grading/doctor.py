"""`labs doctor`: how well this machine can keep graded notebooks apart, and what would make it better."""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
from pathlib import Path

from labs.errors import UserError
from labs.grading.isolation import tiers
from labs.grading.isolation.sandbox import PROMISES, TIERS, TITLES, Tier

__all__ = ["examine", "refuse_unsafe_libraries"]


def examine() -> tuple[str, bool]:
    """The findings as text, and whether this machine gives the best isolation there is."""
    findings = tiers.explore()
    lines = [f"Linux {platform.release()}" if sys.platform.startswith("linux") else platform.platform()]
    lines[0] += f", Python {platform.python_version()}, {'root' if _is_root() else 'an ordinary user'}"
    lines.append("")
    lines.append(f"`labs grade` isolates notebooks by {TITLES[findings.best]}: {PROMISES[findings.best]}.")
    for tier in TIERS:
        state = "works" if tier in findings.tiers else f"does not: {findings.problems.get(tier, '')}"
        lines.append(f"  {TITLES[tier]:<24} {state}")
    if findings.best != Tier.NAMESPACES:
        lines += ["", *_advice(findings.problems.get(Tier.NAMESPACES, ""))]
    try:
        refuse_unsafe_libraries()
    except UserError as error:
        lines += ["", str(error)]
        return "\n".join(lines), False
    return "\n".join(lines), findings.best == Tier.NAMESPACES


def refuse_unsafe_libraries() -> None:
    """Raise UserError where lupa is installed: fakeredis runs EVAL through it, and lupa reaches Python's builtins."""
    if importlib.util.find_spec("lupa") is not None:
        raise UserError(
            "The package lupa is installed: with it, a notebook could run code in its judge through Redis' EVAL. "
            "Remove it with `pip uninstall lupa`."
        )


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _advice(problem: str) -> list[str]:
    """What would give this machine namespaces, which it refused with this `problem`."""
    if not sys.platform.startswith("linux"):
        return ["Isolation needs Linux: grade in a virtual machine or a container, or only notebooks that you trust."]
    advice = []
    if problem.startswith("mount /: Invalid argument"):
        advice.append(
            "This root folder is not a mount point, as in a chroot, so it can't be made private. Use a container or\n"
            "    systemd-nspawn --directory=THIS_ROOT"
        )
    if _says("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"):
        advice.append(
            "AppArmor keeps ordinary users from making namespaces (Ubuntu 23.10 and later). Until the next boot:\n"
            "    sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0\n"
            "or allow it to this Python alone with a profile that says `userns,`: see apparmor.d(5)."
        )
    if _says("/proc/sys/user/max_user_namespaces", "0") or _says("/proc/sys/kernel/unprivileged_userns_clone", "0"):
        advice.append(
            "Namespaces are switched off for ordinary users. To switch them on until the next boot:\n"
            "    sudo sysctl user.max_user_namespaces=10000"
        )
    if Path("/.dockerenv").exists() or Path("/run/.containerenv").exists():
        advice.append(
            "This is a container, which by default may make no namespaces. Run it with\n"
            "    --cap-add SYS_ADMIN --cap-add NET_ADMIN "
            "--security-opt seccomp=unconfined --security-opt apparmor=unconfined\n"
            "and give it nothing else: what it grades is then kept apart inside it."
        )
    return advice or ["Grading as root, or on a newer kernel, may give a better one: namespaces are refused here."]


def _says(path: str, value: str) -> bool:
    try:
        return Path(path).read_text("ascii").strip() == value
    except OSError:
        return False
