"""One id per request, seen from outside: on its answers, in its log lines, on the calls that it makes."""

from __future__ import annotations

import re
from typing import Any

import pytest

from labs.judge import Answer, CheckFailed, Logs, Received, Reply, Request, create_order

HEADER = "X-Correlation-ID"
VALID = re.compile(r"[A-Za-z0-9._-]{8,64}")
CROWD = 16  # requests at once, of each kind
PATIENCE = 10.0  # seconds for one of a crowd, where its lateness is not the subject


# On every answer


@pytest.mark.check("every_answer", level="easy")
def test_every_answer_has_an_id(service):
    """Every answer has an id of its own, made by the service."""
    first, second = (ident_of(service.get("/about")) for _ in range(2))
    assert first != second, (
        "Two requests got the same id. It is made once, when a class, a default or a `ContextVar(default=…)` is evaluated; make it in "
        "`__call__`, for each request."
    )


@pytest.mark.check("every_answer", level="medium", after="test_every_answer_has_an_id")
def test_errors_have_one(service, fresh):
    """Answers that no route of yours made have an id, too: 404, 405, 422."""
    for method, path, status in (
        ("GET", f"/{fresh.token()}", 404),
        ("DELETE", "/about", 405),
        ("POST", "/users", 422),
    ):
        answer = service.request(method, path, json={} if method == "POST" else None)
        assert answer.status == status, "The middleware has to let the framework's own errors through as they are."
        ident_of(answer, f"on a {status}")


@pytest.mark.check("every_answer", level="medium", after="test_every_answer_has_an_id")
def test_a_crowd_gets_as_many_ids(service):
    """Requests that come at the same time get as many ids as they are."""
    answers = service.together([Request("GET", "/about", deadline=PATIENCE)] * 40)
    idents = [ident_of(answer) for answer in answers]
    assert len(set(idents)) == len(idents), (
        "Requests of the same moment share an id: it is made from the time or from a short random number, it comes around again, or it is kept "
        "where the next request overwrites it (a global, `self`). Use all of a UUID, and a local variable of `__call__`."
    )


# At the border


@pytest.mark.check("border", level="easy", after="test_every_answer_has_an_id")
def test_valid_id_is_taken_over(service, fresh):
    """A valid id comes back unchanged, from 8 to 64 characters, on errors as well."""
    for given in (
        fresh.token(20),
        fresh.token(8),
        fresh.token(64),
        f"{fresh.token(6)}-{fresh.token(6).upper()}_{fresh.token(6)}.{fresh.number(1, 99)}",
        f"-{fresh.token(8)}.",
    ):
        for path in ("/about", f"/{fresh.token()}"):
            answer = service.get(path, headers={HEADER: given})
            assert ident_of(answer) == given, why_not_taken_over(given)


@pytest.mark.check("border", level="medium", after="test_valid_id_is_taken_over")
def test_hostile_id_is_replaced(service, fresh):
    """An id that is too short, too long or has other characters is replaced by a new one."""
    token = fresh.token(12)
    for given in (
        "",
        token[:7],
        fresh.token(65),
        fresh.token(4000),
        f"{token} admin",
        f"admin {token}",
        f'{token}","x":"',
        f"<b>{token}</b>",
        f"{token}%0d%0aX-Admin:1",
        f"{token}\\nadmin",
        f"{token},{token}",
        f"../{token}",
        f"${{jndi:{token}}}",
    ):
        assert_replaced(service, given)


@pytest.mark.check("border", level="hard", after="test_hostile_id_is_replaced")
def test_other_bytes_are_replaced(service, fresh):
    """Control characters, and letters and digits beyond ASCII, are replaced, too."""
    token = fresh.token(12).encode()
    for extra in (b"\x1b[31m", b"\t", b"\x7f", b"\x00", b"\x85", b"\xe9", b"\xb2", "ü".encode(), b"\xff"):
        assert_replaced(service, token[:6] + extra + token[6:])
    for extra in (b"\xe9", b"\xb2"):
        assert_replaced(service, token + extra)


@pytest.mark.check("border", level="medium", after="test_hostile_id_is_replaced")
def test_replacement_is_new(service, fresh):
    """What replaces a hostile id is new: nothing of the sender's, and another one each time."""
    for given in (f"{fresh.token(12)}!", fresh.token(100), f"a {fresh.token(20)}", fresh.token(5)):
        first, second = (ident_of(service.get("/about", headers={HEADER: given})) for _ in range(2))
        assert first != second, (
            "The same hostile id was replaced by the same value twice. What is cleaned, cut, hashed or constant is no new id: strangers then "
            "choose which requests share one. Make a new one."
        )
        pieces = [piece for piece in re.split(r"[^a-z0-9]+", given) if len(piece) >= 5]
        kept = [piece for piece in pieces if piece[:20] in first]
        assert kept == [], (
            "A part of the refused id is in the new one. Don't repair what does not fit; make a new id with `new_id()`."
        )


# In every line


@pytest.mark.check("every_line", level="easy", after="test_valid_id_is_taken_over")
def test_lines_have_the_id(service, logs, fresh):
    """A log line of a request has the request's id: the caller's, or the one on the answer."""
    n, given = fresh.number(1000, 9999), fresh.token(64)
    service.get(f"/drills/slow/{n}", headers={HEADER: given})
    made = ident_of(service.get(f"/drills/slow/{n + 1}"))
    logs.complete()
    record = one(logs, message="slow_done", n=n)
    assert record.get("correlation_id") == given, why_not_in_line(record, given)
    record = one(logs, message="slow_done", n=n + 1)
    assert record.get("correlation_id") == made, (
        "The line and the answer of a request without an id have two different ones. Make the id once, and read it everywhere else."
    )


@pytest.mark.check("every_line", level="medium", after="test_lines_have_the_id")
def test_threads_and_tasks_have_the_id(service, logs, fresh):
    """Lines from a worker thread and from gathered tasks have the id as well."""
    n, in_thread, in_tasks = fresh.number(1000, 9999), fresh.token(20), fresh.token(20)
    service.get(f"/drills/thread/{n}", headers={HEADER: in_thread})
    service.get("/drills/gather", headers={HEADER: in_tasks})
    logs.complete()
    assert one(logs, message="thread_done", n=n).get("correlation_id") == in_thread, (
        "A line from a sync endpoint lacks the request's id. FastAPI runs a `def` in a worker thread and copies the context there: a "
        "`ContextVar` goes along, a `threading.local` or a dict by task does not."
    )
    children = [one(logs, message="child", n=m).get("correlation_id") for m in (1, 2, 3)]
    assert children == [in_tasks] * 3, (
        "Lines from gathered tasks lack the request's id. Each task has a copy of the context in which it was created: a `ContextVar` goes "
        "along, a dict by `asyncio.current_task()` does not."
    )


@pytest.mark.check("every_line", level="medium", after="test_lines_have_the_id")
def test_libraries_lines_have_the_id(service, logs, fresh):
    """Lines of libraries, and whatever else names the request, have the id."""
    by_library, message = fresh.token(20), f"probe {fresh.token()}"
    path, unknown = f"/{fresh.token(16)}", fresh.token(20)
    service.post("/drills/library", {"level": "warning", "message": message}, headers={HEADER: by_library})
    service.get(path, headers={HEADER: unknown})
    logs.complete()
    assert one(logs, message=message).get("correlation_id") == by_library, (
        "A library's line lacks the id: what you hooked in sees your own logger's records only. A filter on a logger (the root as well) is "
        "not asked for what its children pass up. Put it on the handler, or into a record factory."
    )
    for record in logs.records:
        if path in str(record.get("message")) or path in str(record.get("path")):
            assert record.get("correlation_id") == unknown, (
                "The line about an unknown path (the server's access log, say) lacks the request's id. It is written after your routes are done: "
                "set the id in the middleware, and don't take it back before the answer has gone out."
            )


@pytest.mark.check("every_line", level="hard", after="test_threads_and_tasks_have_the_id")
def test_lines_keep_apart(service, logs, fresh):
    """Requests that run at the same time never get each other's id, in tasks or in threads."""
    start = fresh.number(1000, 8000)
    wanted: dict[tuple[str, int], str] = {}
    for n in range(start, start + CROWD):
        wanted["slow_done", n], wanted["thread_done", n] = fresh.token(20), fresh.token(20)
    paths = {"slow_done": "slow", "thread_done": "thread"}
    requests = [
        Request("GET", f"/drills/{paths[message]}/{n}", headers={HEADER: given}, deadline=PATIENCE)
        for (message, n), given in wanted.items()
    ]
    gathered = [fresh.token(20) for _ in range(CROWD // 2)]
    requests += [Request("GET", "/drills/gather", headers={HEADER: given}, deadline=PATIENCE) for given in gathered]
    answers = service.together(requests)
    assert [ident_of(answer) for answer in answers] == [*wanted.values(), *gathered], MIXED
    records = logs.complete()
    got = {
        (str(record.get("message")), record.get("n")): record.get("correlation_id")
        for record in records
        if (record.get("message"), record.get("n")) in wanted
    }
    for key, given in wanted.items():
        if got.get(key) != given:
            raise CheckFailed(
                MIXED if key in got else NO_RECORD,
                expected=f"{key[0]} n={key[1]} correlation_id={given}",
                got=f"{key[0]} n={key[1]} correlation_id={got.get(key)}",
            )
    children = sorted(str(record.get("correlation_id")) for record in records if record.get("message") == "child")
    assert children == sorted(gathered * 3), MIXED


# On every call


@pytest.mark.check("every_call", level="easy", after="test_valid_id_is_taken_over")
def test_call_carries_the_id(service, downstream, fresh):
    """A call downstream carries the request's id, of each request anew."""
    downstream.default = Reply(json={"price": fresh.number(100, 9999)})
    seen: list[str] = []
    for given in (fresh.token(20), fresh.token(64), None):
        item = fresh.token()
        answer = service.get(f"/quotes/{item}", headers={HEADER: given} if given else {})
        ident = ident_of(answer)
        assert answer.status == 200, "`GET /quotes/{item}` has to be answered with 200 while downstream is well."
        call = call_for(downstream.calls, f"/quotes/{item}")
        assert call.headers.get(HEADER.lower()) == ident, why_other_call(call, ident, seen)
        seen.append(ident)


@pytest.mark.check("every_call", level="medium", after=("test_call_carries_the_id", "test_hostile_id_is_replaced"))
def test_hostile_id_goes_no_further(service, downstream, fresh):
    """A hostile id does not reach the other team: they get the one that replaced it."""
    downstream.default = Reply(json={"price": fresh.number(100, 9999)})
    for given in (f"{fresh.token()} admin", fresh.token(300)):
        item = fresh.token()
        ident = ident_of(service.get(f"/quotes/{item}", headers={HEADER: given}))
        call = call_for(downstream.calls, f"/quotes/{item}")
        assert call.headers.get(HEADER.lower()) == ident, (
            "What went downstream is not the id on the answer: the raw header was passed on. Forward the id that was chosen at the border."
        )


@pytest.mark.check("every_call", level="hard", after="test_call_carries_the_id")
def test_calls_keep_apart(service, downstream, fresh):
    """Calls that are under way at the same time each carry the id of their own request."""
    downstream.default = Reply(json={"price": fresh.number(100, 9999)}, delay=0.02)
    wanted = {f"/quotes/{fresh.token()}": fresh.token(20) for _ in range(CROWD)}
    answers = service.together(
        [Request("GET", path, headers={HEADER: given}, deadline=PATIENCE) for path, given in wanted.items()]
    )
    assert [ident_of(answer) for answer in answers] == list(wanted.values()), MIXED
    for path, given in wanted.items():
        call = call_for(downstream.calls, path)
        assert call.headers.get(HEADER.lower()) == given, (
            "Calls of requests that run at the same time carry each other's id. It is kept on something that they share: the client's own "
            "`headers`, a global. Put it on each `httpx.Request`, from the `ContextVar`."
        )


# After the answer


@pytest.mark.check("afterwards", level="medium", after="test_lines_have_the_id")
def test_background_has_the_id(service, logs, fresh):
    """Work after the answer logs under the id of the request that asked for it, not of an earlier one."""
    for round_, given in enumerate((fresh.token(20), fresh.token(20))):
        answer = service.get("/drills/background", headers={HEADER: given})
        assert answer.status == 202, "`GET /drills/background` answers 202 and works afterwards."
        logs.wait_for(
            lambda record, n=round_: len(logs.having(message="background_done")) > n,
            "`background_done`",
            cause=NOT_DONE,
        )
        record = logs.having(message="background_done")[round_]
        assert record.get("correlation_id") == given, why_background(record, given)


@pytest.mark.check("afterwards", level="medium", after=("test_background_has_the_id", "test_call_carries_the_id"))
def test_late_call_carries_the_id(service, downstream, fresh):
    """A call downstream that is made after the answer carries the id."""
    for count in (1, 2):
        order, given = create_order(service, fresh), fresh.token(20)
        answer = service.post(f"/orders/{order['id']}/notify", headers={HEADER: given})
        assert answer.status == 202, "`POST /orders/{id}/notify` answers 202 and calls downstream afterwards."
        calls = [call for call in downstream.wait_for_calls(count) if call.path == "/notifications"]
        if len(calls) < count:
            raise CheckFailed(NOT_DONE, expected="POST /notifications downstream", got=f"{len(calls)} of {count} calls")
        assert calls[-1].headers.get(HEADER.lower()) == given, (
            "The call that was made after the answer does not carry the id of the request that asked for it: whoever runs the job has another "
            "context. Take the context along when the job is handed over (`contextvars.copy_context()`)."
        )


@pytest.mark.check("afterwards", level="hard", after="test_background_has_the_id")
def test_background_keeps_apart(service, logs, fresh):
    """Jobs of requests that came at the same time each keep their own id."""
    given = sorted(fresh.token(20) for _ in range(CROWD))
    service.together(
        [Request("GET", "/drills/background", headers={HEADER: ident}, deadline=PATIENCE) for ident in given]
    )
    logs.wait_for(
        lambda record: record.get("message") == "background_done" and logs.text.count("background_done") >= CROWD,
        f"{CROWD} `background_done`",
        cause=NOT_DONE,
    )
    got = sorted(str(record.get("correlation_id")) for record in logs.having(message="background_done"))
    assert got == given, (
        "Jobs that wait together are done under each other's id: the id is kept in a place that they share, and the last one that came "
        "wins. Each job needs its own copy, made when it is handed over."
    )


# Accidents


@pytest.mark.check("accidents", level="medium", after="test_valid_id_is_taken_over")
def test_crash_has_the_header(service, fresh):
    """A 500 carries the id like every other answer, in the header and in the body."""
    for given in (fresh.token(20), None):
        detail = f"crash {fresh.token()}"
        answer = crash(service, detail, given)
        assert answer.status == 500, "A bug is a 500. Answer it, but as what it is."
        assert detail not in answer.text, (
            "The answer shows the exception's text, which nobody wrote for callers. The message is a constant; the id leads to the rest."
        )
        ident = crash_ident(answer, given)
        body = answer.json
        assert isinstance(body, dict) and body.get("correlation_id") == ident, (
            "The body of the 500 has to say the same id as its header, as `correlation_id`: that is what customers read out on the telephone."
        )
    assert body.get("error") == "INTERNAL_ERROR", "The contract calls this error `INTERNAL_ERROR`."


@pytest.mark.check("accidents", level="hard", after=("test_crash_has_the_header", "test_lines_have_the_id"))
def test_crash_is_logged_with_the_id(service, logs, fresh):
    """The line with the stack has the id of the request that crashed, also when several crash at once."""
    crashes = {f"crash {fresh.token()}": fresh.token(20) for _ in range(6)}
    service.together(
        [
            Request(
                "POST",
                "/drills/crash",
                json={"detail": detail, "secret": fresh.secret()},
                headers={HEADER: given},
                deadline=PATIENCE,
            )
            for detail, given in crashes.items()
        ]
    )
    records = logs.complete()
    for detail, given in crashes.items():
        found = [
            record
            for record in records
            if any(detail in value and "Traceback" in value for value in record.values() if isinstance(value, str))
        ]
        own = [record for record in found if not str(record.get("logger")).startswith("uvicorn")]
        got = [record.get("correlation_id") for record in own]
        if got != [given] * len(got) or not got:
            raise CheckFailed(
                why_crash_line(own, found),
                expected=f"a record with the stack and correlation_id={given}",
                got=own[-1] if own else "no record of the service's own with the stack",
            )


# Helpers


NO_RECORD = "The line never came. A filter has to return `True` to let a record pass, and whatever raises in it takes the request down."
NO_FIELD = "The line came without its field `n`, the number in the path, so nobody can tell which request it is of."
NOT_DONE = (
    "The work that should follow the answer was not done within 2 s. What you return from `in_this_context` has to be something that can be "
    "called without arguments and awaited, and it has to run the job."
)
MIXED = (
    "Requests that run at the same time get each other's id: it is kept where they all reach it (a global, `self`, a `threading.local`; all "
    "requests on an event loop share one thread). A `ContextVar` has a value per request."
)


def ident_of(answer: Answer, where: str = "") -> str:
    """The one valid id on an answer."""
    values = answer.header_values(HEADER)
    if len(values) == 1 and VALID.fullmatch(values[0]):
        return values[0]
    raise CheckFailed(
        why_no_ident(answer, values, where),
        expected=f"{HEADER}, once, 8 to 64 of A-Z a-z 0-9 . _ -",
        got=answer_head(answer),
    )


def why_no_ident(answer: Answer, values: list[str], where: str) -> str:
    if len(values) > 1:
        return (
            f"`{HEADER}` is on the answer {len(values)} times. Two places stamp it, or it is appended for every message; assign it, once, when "
            "`http.response.start` passes."
        )
    if values:
        return f"The id on the answer does not match `[A-Za-z0-9._-]{{8,64}}`: it has {len(values[0])} characters. `uuid4().hex` has 32."
    if where:
        return (
            f"There is no `{HEADER}` {where}. No route of yours made this answer, so what is set in a route, a dependency or a router never "
            "ran: stamp it in a middleware."
        )
    if answer.status >= 500:
        return f"The request failed, and its answer has no `{HEADER}`: look at the log for what was raised."
    return f"There is no `{HEADER}` on the answer. Hand `self.app` a `send` of your own that adds it to the message `http.response.start`."


def answer_head(answer: Answer) -> str:
    return "\n".join([f"{answer.status} {answer.reason}", *(f"{name}: {value}" for name, value in answer.headers)])


def why_not_taken_over(given: str) -> str:
    if len(given) in (8, 64):
        return (
            f"A valid id of {len(given)} characters was replaced. 8 and 64 are both within bounds; count the bounds in."
        )
    if given.isalnum():
        return "A valid id was replaced. Take it over, so that the caller's lines and yours share one."
    return "A valid id was replaced: letters of both cases, digits, `.`, `_` and `-` are all allowed, at the ends, too. Not every caller's id is a UUID."


def assert_replaced(service: Any, given: str | bytes) -> None:
    """Send an id that is none; the answer has a valid one. A server that refuses the request did its part, too."""
    answer = service.get("/about", headers={HEADER: given})
    if answer.status in (400, 431) and not answer.header_values(HEADER):
        return  # the server's parser did not let it in at all
    values = answer.header_values(HEADER)
    if len(values) == 1 and VALID.fullmatch(values[0]) and answer.status == 200:
        return
    raise CheckFailed(
        why_not_replaced(answer, given, values),
        expected=f"200, with a new {HEADER} of 8 to 64 characters A-Z a-z 0-9 . _ -",
        got=answer_head(answer),
    )


def why_not_replaced(answer: Answer, given: str | bytes, values: list[str]) -> str:
    raw = given if isinstance(given, bytes) else given.encode()
    if answer.status != 200:
        return f"The request was answered with {answer.status}. An id that is no good is not the end of a request: replace it and go on."
    if len(values) != 1:
        return why_no_ident(answer, values, "")
    if not re.search(rb"[^A-Za-z0-9._-]", raw):
        return f"An id of {len(raw)} characters was taken over. The bounds are 8 and 64: too short is not unique, too long is an attack."
    if any(byte > 127 for byte in raw):
        return (
            "A letter or digit beyond ASCII came through. `\\w`, `\\d`, `isalnum()` and `isalpha()` know all of Unicode: write the alphabet out, "
            "`[A-Za-z0-9._-]`, or use `re.ASCII`."
        )
    if any(byte < 32 or byte == 127 for byte in raw):
        return "A control character came through: a terminal or a log viewer obeys it. Allow the contract's alphabet and nothing else."
    if re.match(rb"[A-Za-z0-9._-]{8,64}", raw):
        return (
            "An id that only begins like a valid one was taken over, into your logs and other teams' headers. `re.match` looks at the "
            "beginning; `re.fullmatch` at all of it."
        )
    return (
        "An id with other characters than the contract's was taken over, into your logs and other teams' headers. All of the value has to match "
        "(`re.fullmatch`; `re.search` is content with a part)."
    )


def why_not_in_line(record: dict[str, Any], given: str) -> str:
    if "correlation_id" not in record:
        return (
            "The line has no `correlation_id`. Set it on every record that goes through the handler; a filter on a logger, root "
            "included, is not asked for what other loggers pass up."
        )
    if record["correlation_id"] in (None, "", "-"):
        return (
            "The line's `correlation_id` is empty: the `ContextVar` was not set in the request's own context before the route ran "
            "(`correlation_id.set(ident)` in the middleware), or was read at start-up."
        )
    if given.startswith(str(record["correlation_id"])):
        return "The line has the beginning of its request's id. An id has up to 64 characters; cut, it finds nothing elsewhere."
    return (
        "The line has another id than its request. Read the `ContextVar` when the record is made, and make no id there."
    )


def one(logs: Logs, **fields: Any) -> dict[str, Any]:
    """The record with these fields; fails the check when there is none."""
    if found := logs.having(**fields):
        return found[0]
    wanted = " ".join(f"{name}={value}" for name, value in fields.items())
    nameless = [record for record in logs.having(message=fields["message"]) if not fields.keys() <= record.keys()]
    raise CheckFailed(
        NO_FIELD if nameless else NO_RECORD,
        expected=f"a record with {wanted}",
        got="\n".join(logs.lines[-8:]) or "(nothing was written)",
    )


def call_for(calls: Any, path: str) -> Received:
    found = [call for call in list(calls) if call.path == path]
    if not found:
        raise CheckFailed(
            "Downstream was not asked. Each request for a quote is one call; the client needs its `base_url`.",
            expected=f"GET {path}",
            got="\n".join(f"{call.method} {call.path}" for call in list(calls)) or "no call",
        )
    return found[0]


def why_other_call(call: Received, ident: str, seen: list[str]) -> str:
    sent = call.headers.get(HEADER.lower())
    if sent is None:
        return f"The call went out without `{HEADER}`: the client has to add it to each request (an event hook, an auth flow, a transport)."
    if sent in seen:
        return (
            "The call carries the id of an earlier request. The client lives longer than a request, so what is set when it is made stays: read the "
            "`ContextVar` when each call goes out."
        )
    if sent in ("None", "", "-"):
        return "The header says that there is no id. Read the `ContextVar` when the call goes out, not when the client is made."
    return (
        "The call carries an id of its own, which occurs nowhere else: forward the request's, don't make another one."
    )


def why_background(record: dict[str, Any], given: str) -> str:
    if record.get("correlation_id") in (None, "", "-"):
        return (
            "The job ran without an id, in the context of the worker, which has no request. Copy the context when the job is handed over, and run "
            "the job in it: `asyncio.create_task(job(), context=…)`. (`context.run(job)` only makes the coroutine there.)"
        )
    return (
        "The job of this request ran under another id. It belongs to an earlier request, or was made up: take the id of the request that "
        "hands the job over."
    )


def crash(service: Any, detail: str, given: str | None = None) -> Answer:
    headers = {HEADER: given} if given else {}
    return service.post("/drills/crash", {"detail": detail, "secret": "-"}, headers=headers)


def crash_ident(answer: Answer, given: str | None) -> str:
    if not answer.header_values(HEADER):
        raise CheckFailed(
            f"The 500 has no `{HEADER}`. It is made outside of your middleware: Starlette's own answer and a handler for `Exception` both run in "
            "`ServerErrorMiddleware`. Answer accidents in a middleware that stands inside of the one that stamps, or stamp it yourself.",
            expected=f"500 with {HEADER}",
            got=answer,
        )
    ident = ident_of(answer)
    assert given is None or ident == given, (
        "The 500 has another id than the request. Don't make one for the error; the request's is in the `ContextVar`."
    )
    return ident


def why_crash_line(own: list[dict[str, Any]], found: list[dict[str, Any]]) -> str:
    if not found:
        return "No line has the stack of the crash. Log it where it is caught, with `log.exception(…)` or `exc_info=error`."
    if not own:
        return "Only the server logged the crash, after your middlewares were left. Log it where you answer it, in the request's context."
    if own[-1].get("correlation_id") in (None, "", "-"):
        return (
            "The one line with the stack has no id. It was written outside of the request's context: after a `reset` in a `finally`, or in "
            "front of the middleware that sets the id. Log inside."
        )
    return "The line with the stack has somebody else's id. " + MIXED
