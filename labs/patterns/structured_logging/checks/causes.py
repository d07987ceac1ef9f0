"""Likely causes: what a failed check tells the learner."""

from __future__ import annotations

import re

from labs.judge import Logs

from .reading import Record, logging_error, loose_text, plain_start


def why_missing(logs: Logs, message: str) -> str:
    """Why an event is not there as a record with this message: what stands in its place."""
    for record in logs.records:
        if record.get("event") == message or record.get("msg") == message:
            key = "event" if record.get("event") == message else "msg"
            return (
                f"The text of the event is in `{key}`. Datadog reads `message`: rename it before the record is "
                "rendered."
            )
        text = record.get("message")
        if isinstance(text, str) and message in text and text.startswith("{"):
            return (
                "JSON inside JSON: the event is rendered by structlog's processors, and the handler's formatter "
                "renders the line again. One of the two has to hand on the event as it is "
                "(`ProcessorFormatter.wrap_for_formatter`)."
            )
        if isinstance(text, str) and message in text and text != message:
            return (
                f"The message is `{text[:80]}`: the values are baked into the text. The message is a constant to "
                "group by; what varies belongs in fields."
            )
    if error := logging_error(logs.lines):
        return error
    word = plain_start(message)
    line = next((line for line in logs.strays if word in line), "")
    if line:
        return why_line(line)
    return "No line tells of it: the event is not written at all, or below the level that is let through." + loose_text(
        logs
    )


def why_no_library(logs: Logs, message: str) -> str:
    """Why a library's record with this message is not there."""
    if any(record.get("event") == message for record in logs.records):
        return (
            "The library's record missed the chain that gives records their fields: `processors` alone only renders; "
            "what a foreign record passes first is `foreign_pre_chain`."
        )
    if message in logs.strays:
        return (
            "The library's warning came out as bare text, by the standard library's last resort: no handler is in "
            "charge of it. Put yours on the root logger, where every logger's records end up."
        )
    if message not in logs.text:
        return (
            "The library's warning is lost. `dictConfig` switches off every logger that exists already, unless "
            "`disable_existing_loggers` is false; so does `disabled = True`, or a filter."
        )
    return why_missing(logs, message)


def why_line(line: str) -> str:
    """Why this line is not a JSON object."""
    text = re.sub("\x1b\\[[0-9;]*m", "", line)
    if re.search(r"\[(debug|info|warning|error|critical) *\]", text):
        return (
            "structlog writes for a terminal here: it renders JSON only when its processors end in a JSON renderer and "
            "`structlog.configure` ran before the first event."
        )
    if re.match(r"(DEBUG|INFO|WARNING|ERROR|CRITICAL):[\w.]+:", text):
        return "`logging.basicConfig` writes sentences: give the handler a formatter that writes JSON."
    if re.search(r"\b(NaN|-?Infinity)\b", text) and text.startswith("{"):
        return (
            "`NaN` and `Infinity` are not JSON, although Python writes and reads them: use `allow_nan=False` and "
            "replace them."
        )
    if text.startswith("{'"):
        return "The line is a Python dict, not JSON: write it with `json.dumps`."
    if re.match(r"\s+[\"}\]]", text) or (text.startswith("{") and not text.rstrip().endswith("}")):
        return "The object is spread over several lines (or cut): one record is one line, without `indent`."
    if text.startswith("{"):
        return (
            "The line looks like JSON and is not: a template put it together. Let `json.dumps` write the whole object."
        )
    return "The line is text, not a JSON object: the logger that wrote it does not pass your renderer."


def why_stray(lines: list[str]) -> str:
    """Why these lines of the stream are not JSON objects; empty when there are none."""
    plain = [re.sub("\x1b\\[[0-9;]*m", "", line) for line in lines]
    if error := logging_error(plain):
        return error
    if any(re.match(r"(INFO|WARNING|ERROR): {2,}", line) for line in plain):
        if all(' - "' in line for line in plain if re.match("INFO: ", line)) and plain[0].startswith("INFO: "):
            return "uvicorn's access log still has its own handler: empty `uvicorn.access` too, not only `uvicorn`."
        return (
            "uvicorn still writes through its own handlers: empty those of `uvicorn` and `uvicorn.access`, and let "
            "them propagate to root."
        )
    if any(re.match(r".*:\d+: \w*Warning: ", line) for line in plain):
        return "Python's warnings are text on stderr: `logging.captureWarnings(True)` makes records of them."
    if any(line.startswith("Traceback (most recent call last)") for line in plain):
        return (
            "A traceback stands in the stream as text, one line after another: a formatter must put it into the "
            "record; the standard library's appends it after the message."
        )
    return why_line(plain[0]) if plain else ""


def why_fields(got: list[Record], wanted: list[Record]) -> str:
    """Why the fields of an event are not those that were logged."""
    if any(value is None for record in got for value in record.values()):
        return (
            "Fields are missing at the top level of the record: they are dropped, or nested under another key "
            "(`extra`, `fields`), or in the message only. They belong beside `message`."
        )
    if [{name: str(value) for name, value in record.items()} for record in got] == [
        {name: str(value) for name, value in record.items()} for record in wanted
    ]:
        return (
            "Numbers came out as text: hand the values to the JSON encoder as they are, so that `amount > 5000` can "
            "be asked."
        )
    return "The fields carry other values than the event was logged with."


def why_sender(got: Record, wanted: Record) -> str:
    """Why service, version or environment are wrong."""
    names = [name for name in wanted if got[name] != wanted[name]]
    if all(got[name] is None for name in names):
        return (
            f"The record lacks {', '.join(f'`{name}`' for name in names)}: add what the environment says to every "
            "record."
        )
    return (
        f"{', '.join(f'`{name}`' for name in names)} is not what the environment says now: read `SERVICE_NAME`, "
        "`APP_VERSION` and `ENVIRONMENT` when logging is configured or later, not when the module is imported, and "
        "don't write them down in the code."
    )


def why_below(records: list[Record]) -> str:
    """Why these records below the threshold were written."""
    if any(str(record.get("logger")).startswith("uvicorn") for record in records):
        return (
            "uvicorn's loggers come with a level of their own, INFO, and root's level is not asked when a logger has "
            "one: `setLevel(logging.NOTSET)` for them, or a level on the handler."
        )
    return "Records below `LOG_LEVEL` were written: give the root logger the level from the environment."


def why_no_stack(record: Record) -> str:
    """Why a record of an exception has no traceback as text."""
    for name in ("exception", "exc_text", "traceback", "error.stack"):
        if name in record:
            return f"The traceback is in `{name}`; the contract calls it `stack`, and it is text."
    if record.get("exc_info") is True:
        return '`"exc_info": true` is what is left when no processor renders the exception: turn it into `stack`.'
    if "exc_info" in record:
        return "`exc_info` was written as it is: turn it into `stack`, as text."
    if isinstance(record.get("stack"), (list, dict)):
        return "`stack` is a structure; the contract wants the traceback as text, which error tracking can group."
    if isinstance(record.get("stack"), str):
        return "`stack` has the exception's text only: the whole traceback belongs there, `traceback.format_exception`."
    return (
        "The record tells of an exception and has no `stack`: render `exc_info` (`True`, an exception or a triple) "
        "into it."
    )


def why_leaked(logs: Logs, leaked: dict[str, str]) -> str:
    """Why a local variable or a card number is in the stream: `leaked` has each value under what it is."""
    if "a local variable" not in leaked and any(
        "payment_failed" in line for line in logs.lines if leaked["the card number"] in line
    ):
        return (
            "The card number is in `payment_failed`, and no local variable of the crash is: it is a field of the "
            "event, or part of the exception's text, in which its traceback ends."
        )
    if any(
        value in line and "Traceback" not in line and "stack" not in line
        for value in leaked.values()
        for line in logs.lines
    ):
        return (
            "A request's body is in the log, card number included. Never log bodies: what you did not read, you did "
            "not redact."
        )
    return (
        "The traceback was rendered with the local variables of its frames, and so are keys, tokens and card numbers: "
        "turn that off (`show_locals=False`, `capture_locals=False`) or let `traceback.format_exception` write it."
    )


def why_crossed(records: list[Record]) -> str:
    """Why these records carry the ids of other requests, or none."""
    if all("n" not in record for record in records):
        return (
            "The records came without their field `n`, the number in the path, so nobody can tell which request they "
            "are of."
        )
    if all(record.get("correlation_id") is None for record in records):
        if {record["message"] for record in records} == {"thread_done"}:
            return (
                "Records from worker threads have no id: `threading.local` and the like stay behind in the thread "
                "that set them. A `ContextVar` goes along into the threads that FastAPI uses."
            )
        return "The records have no id when requests run together: the first one to end takes it away from all."
    return (
        "Requests that run together overwrite each other's id: it is kept in a global, in a `threading.local` or on a "
        "shared object, and on an event loop all requests share one thread. A `ContextVar` has a value per request."
    )


def why_odd(logs: Logs) -> str:
    """Why a request that logs odd values failed."""
    logs.complete()
    if "Out of range float" in logs.text:
        return (
            "The log call raised, and the request failed with it: NaN is a float, and JSON has none. Replace what is "
            "not `math.isfinite` by text or `null`."
        )
    return (
        "The log call raised, and the request failed with it: the JSON encoder met a type it does not know. Give it a "
        "`default=` that turns the value into text."
    )


def why_hostile(logs: Logs) -> str:
    """Why a request that logs hostile values failed."""
    logs.complete()
    if "this object can't be shown" in logs.text:
        return (
            "An object's `repr` raised inside the log call, and the request failed with it: the conversion to text "
            "stands in a `try`, with the type's name as the last resort."
        )
    if "Out of range float" in logs.text:
        return (
            "An infinity inside a list reached the encoder, and it refused: look at floats at every depth "
            "(`math.isfinite`)."
        )
    if re.search("Circular reference|RecursionError|recursion depth", logs.text):
        return (
            "A list that contains itself sent the encoder round and round: remember which containers you are in, or "
            "stop at some depth."
        )
    if "keys must be" in logs.text:
        return (
            "A dict with a tuple as a key made the encoder raise: `default=` is not asked for keys; make them text "
            "yourself."
        )
    return "The log call raised, and the request failed with it: an encoder needs a last resort."
