"""How responses, records and rows are read, compared and shown."""

from __future__ import annotations

from typing import Any

from labs.judge import Logs

Record = dict[str, Any]


def loose_text(logs: Logs) -> str:
    """A sentence on what stands in the stream instead of records."""
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
    before = [earlier for earlier, line in zip(lines, lines[1:], strict=False) if line.startswith("Call stack:")]
    if before and "LogRecord is not JSON" in before[0]:
        return (
            "The handler failed while it wrote a record: `ProcessorFormatter` puts the LogRecord into the event. "
            "`ProcessorFormatter.remove_processors_meta`, before the renderer, takes it out; the chain belongs in "
            "`foreign_pre_chain`."
        )
    said = f", with `{before[0][:160]}`" if before else ""
    return (
        f"The handler failed while it wrote a record{said}. The traceback below “--- Logging error ---” in the stream "
        "says where."
    )
