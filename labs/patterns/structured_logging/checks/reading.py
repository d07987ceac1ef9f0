"""Records of the log, and what stands in the stream in their place."""

from __future__ import annotations

import re
from typing import Any

from labs.judge import Logs

Record = dict[str, Any]


def loose_text(logs: Logs) -> str:
    """A sentence, to be put behind another, on what stands in the stream instead of records; may be empty."""
    if not logs.lines:
        return (
            " Nothing was written: is logging configured when the factory runs, and does it write to stdout or stderr?"
        )
    error = logging_error(logs.lines)
    return f" {error}" if error else ""


def logging_error(lines: list[str]) -> str:
    """A sentence on the error that a handler of the standard library made while it wrote; empty when there is none."""
    if not any(line.startswith("--- Logging error ---") for line in lines):
        return ""
    raised = _raised_before_call_stack(lines)
    if "LogRecord is not JSON" in raised:
        return (
            "The handler failed while it wrote a record: `ProcessorFormatter` puts the LogRecord into the event. "
            "`ProcessorFormatter.remove_processors_meta`, before the renderer, takes it out; the chain belongs in "
            "`foreign_pre_chain`."
        )
    said = f", with `{raised[:160]}`" if raised else ""
    return (
        f"The handler failed while it wrote a record{said}. The traceback below “--- Logging error ---” in the stream "
        "says where."
    )


def _raised_before_call_stack(lines: list[str]) -> str:
    """The exception's own line above the first call stack: notes may follow it, which json adds since Python 3.14."""
    end = next((n for n, line in enumerate(lines) if line.startswith("Call stack:")), 0)
    return next((line for line in reversed(lines[:end]) if re.match(r"[\w.]+(: |$)", line)), "")


def relevant(logs: Logs, text: str) -> str:
    """The lines that have to do with this text; the last ones when there are none."""
    word = plain_start(text)
    near = [line for line in logs.lines if word in line]
    return "\n".join(near[-4:] or logs.lines[-6:]) or "(nothing was written)"


def plain_start(text: str) -> str:
    """The text before its first quote or line break, which looks the same in JSON."""
    return re.split('["\n]', text, maxsplit=1)[0]
