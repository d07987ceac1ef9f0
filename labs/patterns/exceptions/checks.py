"""What a service does with exceptions, seen from outside: its answers and the lines it writes."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

import pytest

from labs.judge import Answer, CheckFailed, Logs, Request, create_order, create_user, parse_record

DECLINED = "4000 0000 0000 0002"
MISSING = 987_654_321  # an id that nobody has
JSON_TYPES = ("application/json", "application/problem+json")
SENT_AS_JSON = {"Content-Type": "application/json"}


# One shape


@pytest.mark.check("one_shape", level="easy")
def test_not_found_has_the_shape(service, fresh):
    """What does not exist is a 404 in the one shape; what exists is answered as before."""
    user = create_user(service, fresh)
    assert_error(service.get(f"/orders/{MISSING}"), 404, "NOT_FOUND")
    answer = service.get(f"/users/{user['id']}")
    assert answer.status == 200, "A user who exists has to be answered with 200."
    assert answer.json.get("name") == user.get("name"), "The answer for a user who exists has to be the user."


@pytest.mark.check("one_shape", level="easy", after="test_not_found_has_the_shape")
def test_each_type_has_its_status(service, fresh):
    """Each type of error has its own status and code."""
    order = create_order(service, fresh)
    email = fresh.email()
    create_user(service, fresh, email=email)
    new_user = {"name": fresh.name(), "email": email, "password": fresh.secret()}
    for amount in (0, -fresh.number(1, 999)):
        body = {"user_id": order["user_id"], "item": fresh.item(), "amount": amount}
        assert_error(service.post("/orders", body), 422, "VALIDATION_ERROR")
    assert_error(service.post("/orders", {"user_id": MISSING, "item": fresh.item(), "amount": 100}), 404, "NOT_FOUND")
    assert_error(service.post("/users", new_user), 409, "CONFLICT")
    pay = f"/orders/{order['id']}/pay"
    assert_error(service.post(pay, {"card_number": DECLINED}), 402, "PAYMENT_DECLINED")
    paid = service.post(pay, {"card_number": "4000 0000 0000 0001"})
    assert paid.status == 200, "An order can be paid after a card was declined: the error must not leave a trace."
    assert_error(service.post(pay, {"card_number": "4000 0000 0000 0001"}), 409, "CONFLICT")


@pytest.mark.check("one_shape", level="easy", after="test_not_found_has_the_shape")
def test_the_id_is_the_requests(service, fresh):
    """The correlation id in the body is the request's: the caller's own, and the one in the header."""
    given = fresh.token(20)
    path = f"/orders/{MISSING}"
    body = assert_error(service.get(path, headers={"X-Correlation-ID": given}), 404, "NOT_FOUND")
    assert body["correlation_id"] == given, why_other_id(body)
    first, second = service.get(path), service.get(path)
    ids = [assert_error(answer, 404, "NOT_FOUND")["correlation_id"] for answer in (first, second)]
    assert ids == [first.header("X-Correlation-ID"), second.header("X-Correlation-ID")], why_other_id(body)
    assert ids[0] != ids[1], (
        "Two requests got the same id: take it from the request's context when the answer is made, not before."
    )


@pytest.mark.check("one_shape", level="medium", after="test_not_found_has_the_shape")
def test_error_from_a_dependency(service):
    """An error that a dependency raises is answered like one from a route."""
    assert_error(service.get("/drills/dependency"), 404, "NOT_FOUND")


# The framework's errors


@pytest.mark.check("framework_errors", level="easy", after="test_not_found_has_the_shape")
def test_unknown_route(service, fresh):
    """A route that nobody wrote is a 404 in the same shape."""
    for method in ("GET", "POST"):
        assert_error(service.request(method, f"/{fresh.token()}"), 404, "NOT_FOUND", raised_by="the router")


@pytest.mark.check("framework_errors", level="easy", after="test_not_found_has_the_shape")
def test_wrong_method(service, fresh):
    """A method that the route does not have is a 405 in the same shape, and says which are allowed."""
    order = create_order(service, fresh)
    answer = service.delete(f"/orders/{order['id']}")
    assert_error(answer, 405, "METHOD_NOT_ALLOWED", raised_by="the router")
    allowed = [method.strip() for method in (answer.header("Allow") or "").split(",")]
    if "GET" not in allowed:
        raise CheckFailed(
            "The 405 lost its `Allow` header on the way: the exception carries it in `headers`, and the answer has to pass them on.",
            expected="allow: GET",
            got=shown_headers(answer),
        )


@pytest.mark.check("framework_errors", level="medium", after="test_not_found_has_the_shape")
def test_challenge_stays(service):
    """A 401 that is raised as the framework's HTTP error keeps its challenge."""
    answer = service.get("/drills/private")
    assert_error(answer, 401, "UNAUTHORIZED", raised_by="`raise HTTPException`")
    challenge = answer.header("WWW-Authenticate") or ""
    if challenge.split(" ")[0].lower() != "bearer":
        raise CheckFailed(
            "The 401 lost its `WWW-Authenticate` header: pass the exception's `headers` on to the answer. "
            "Without it a client does not know how to sign in.",
            expected="www-authenticate: Bearer",
            got=shown_headers(answer),
        )


@pytest.mark.check("framework_errors", level="medium", after="test_unknown_route")
def test_body_that_cannot_be_decoded(service, fresh):
    """A body that can't even be decoded is the caller's mistake, in the same shape."""
    name = fresh.item().encode()
    for body in (b'{"item": "' + name + b'\xff\xfe"}', b"[" * 3_000):
        answer = service.post("/orders", body=body, headers=SENT_AS_JSON)
        assert answer.status in (400, 422), why_not_theirs(answer)
        assert_error(
            answer,
            answer.status,
            {400: "BAD_REQUEST", 422: "VALIDATION_ERROR"}[answer.status],
            raised_by="the framework",
        )


# Requests that don't fit


@pytest.mark.check("invalid_requests", level="easy", after="test_not_found_has_the_shape")
def test_request_that_does_not_fit(service, fresh):
    """A request that does not fit its model is a 422 in the same shape, wherever the misfit is."""
    user = create_user(service, fresh)
    for body in ({}, {"user_id": user["id"], "item": fresh.item(), "amount": "many"}, [fresh.item()]):
        assert_error(service.post("/orders", body), 422, "VALIDATION_ERROR", raised_by="request validation")
    assert_error(service.get(f"/orders/x{fresh.token(4)}"), 422, "VALIDATION_ERROR", raised_by="request validation")


@pytest.mark.check("invalid_requests", level="medium", after="test_request_that_does_not_fit")
def test_broken_json(service, fresh):
    """JSON that ends too early, or none at all, is a 422 or a 400 in the same shape."""
    for body in (b'{"item": "' + fresh.item().encode(), b"", b"item=kettle"):
        answer = service.post("/orders", body=body, headers=SENT_AS_JSON)
        assert answer.status in (400, 422), why_not_theirs(answer)
        assert_error(
            answer,
            answer.status,
            {400: "BAD_REQUEST", 422: "VALIDATION_ERROR"}[answer.status],
            raised_by="the framework",
        )


@pytest.mark.check("invalid_requests", level="medium", after="test_request_that_does_not_fit")
def test_member_is_named(service, fresh):
    """The answer says which member does not fit."""
    user = create_user(service, fresh)
    good = {"user_id": user["id"], "item": fresh.item(), "amount": fresh.number(100, 9_999)}
    for name, body in (
        ("amount", {**good, "amount": "many"}),
        ("item", {key: value for key, value in good.items() if key != "item"}),
        ("user_id", {**good, "user_id": None}),
    ):
        answer = service.post("/orders", body)
        assert_error(answer, 422, "VALIDATION_ERROR", raised_by="request validation")
        assert name in answer.text, (
            f"`{name}` is what does not fit, and nothing in the answer says so. The caller needs the place of each misfit "
            "(`loc`), in `message` or in a further member."
        )


@pytest.mark.check("invalid_requests", level="medium", after="test_request_that_does_not_fit")
def test_no_input_is_echoed(service, fresh):
    """What was sent does not come back: not the value that is wrong, and not the rest of the body."""
    password, text = fresh.secret(), fresh.secret()
    user = {"name": fresh.name(), "password": password}
    for body, value, headers in (
        (user, password, {}),
        ({"user_id": 1, "item": "kettle", "amount": text}, text, {}),
        ({**user, "email": [text]}, text, {}),
    ):
        path = "/users" if "name" in body else "/orders"
        answer = service.post(path, body, headers=headers)
        assert_error(answer, 422, "VALIDATION_ERROR", raised_by="request validation")
        assert_not_echoed(answer, value)
    sent = json.dumps({**user, "email": fresh.email()}).encode()
    answer = service.post("/users", body=sent, headers={"Content-Type": "text/plain"})
    assert_not_echoed(answer, password)


@pytest.mark.check("invalid_requests", level="hard", after="test_no_input_is_echoed")
def test_validators_text_is_not_echoed(service, fresh):
    """A value does not come back in the text of a validator either."""
    password = f"#{fresh.token(4)}!"
    answer = service.post("/users", {"name": fresh.name(), "email": fresh.email(), "password": password})
    assert_error(answer, 422, "VALIDATION_ERROR", raised_by="a validator")
    assert_not_echoed(answer, password)


@pytest.mark.check("invalid_requests", level="hard", after="test_request_that_does_not_fit")
def test_the_handler_does_not_fail(service, fresh):
    """A value that JSON or UTF-8 can't hold, or an exception in a validator, does not turn the refusal into a 500."""
    user = create_user(service, fresh)
    template = '{{"user_id": {}, "item": "{}", "amount": {}}}'
    for amount in ("NaN", "-Infinity", "1e999", r'"\ud800"'):
        body = template.format(user["id"], fresh.item(), amount).encode()
        answer = service.post("/orders", body=body, headers=SENT_AS_JSON)
        assert answer.status in (400, 422), why_handler_failed(answer)
        assert_error(answer, answer.status, {400: "BAD_REQUEST", 422: "VALIDATION_ERROR"}[answer.status])
    answer = service.post("/users", {"name": fresh.name(), "email": fresh.email(), "password": "short"})
    assert answer.status == 422, why_handler_failed(answer)


# Accidents


@pytest.mark.check("accidents", level="easy", after="test_not_found_has_the_shape")
def test_crash_has_the_shape(service, fresh):
    """An accident is a 500 in the same shape, with the request's id."""
    given = fresh.token(20)
    answer = crash(service, f"crash {fresh.token()}", given=given)
    body = assert_error(answer, 500, "INTERNAL_ERROR", header=False, raised_by="a bug")
    assert body["correlation_id"] == given, why_other_id(body)


@pytest.mark.check("accidents", level="easy", after="test_crash_has_the_shape")
def test_crash_tells_the_caller_nothing(service, fresh):
    """The caller learns nothing about the accident: the message is a constant."""
    said = []
    for _ in range(2):
        detail, secret = f"postgresql://orders:{fresh.secret()}@db-{fresh.token(4)}/orders", fresh.secret()
        answer = crash(service, detail, secret=secret)
        body = assert_error(answer, 500, "INTERNAL_ERROR", header=False, raised_by="a bug")
        assert_nothing_internal(answer, {"the exception's text": detail, "a local variable": secret})
        said.append(body["message"])
    assert said[0] == said[1], (
        "Two accidents have two messages, so something of the accident is in it. The message is a constant; what happened stands in the log."
    )


@pytest.mark.check("accidents", level="medium", after="test_crash_has_the_shape")
def test_crash_is_logged_once(service, logs, fresh):
    """An accident is logged once by the service, at `error`, with its stack and the request's id."""
    detail, given = f"crash {fresh.token()}", fresh.token(20)
    crash(service, detail, given=given)
    logs.complete()
    assert_logged_once(logs, detail, given)


@pytest.mark.check("accidents", level="hard", after="test_crash_tells_the_caller_nothing")
def test_bad_response_is_our_mistake(service, logs, fresh):
    """An answer that its own model refuses is an accident of ours: a 500 that shows nothing, and a stack in the log."""
    given = fresh.token(20)
    constant = crash(service, f"crash {fresh.token()}").json.get("message")
    answer = service.get("/drills/bad-response", headers={"X-Correlation-ID": given})
    assert answer.status == 500, (
        "A response that breaks its own model was answered as if the caller had sent something wrong. `ResponseValidationError` "
        "is our own bug: leave it to the handler for everything else (a handler for the parent, `ValidationException`, takes it, too)."
    )
    body = assert_error(answer, 500, "INTERNAL_ERROR", header=False, raised_by="response validation")
    assert body["message"] == constant, (
        "The message is not the constant of every other 500: something of the response that went wrong is in it."
    )
    assert_nothing_internal(answer, {"what validation said": "Input should"})
    logs.complete()
    if not [failure for failure in failures(logs) if given in failure.text]:
        raise CheckFailed(
            "The log has no stack with this request's id. A refused response is a 5xx like any other: log it with `exc_info=error`.",
            expected=f"a record with a stack and the id {given}",
            got=written_by_the_service(logs),
        )


# The boundary


@pytest.mark.check("boundary", level="hard", after="test_each_type_has_its_status")
def test_error_in_a_middleware(service, fresh):
    """An error that a middleware raises is answered by its type, too."""
    drill = {"X-Drill": "conflict"}
    first = service.get(f"/users/{MISSING}", headers=drill)
    assert first.status == 409, why_middleware(first)
    assert_error(first, 409, "CONFLICT", raised_by="a middleware")
    user = create_user(service, fresh)
    for method, path in (("GET", f"/users/{user['id']}"), ("POST", "/orders"), ("GET", f"/{fresh.token()}")):
        answer = service.request(method, path, headers=drill)
        assert answer.status == 409, (
            "The first request with this error was answered rightly and a later one was not, so one request leaves something behind for "
            "the next. The boundary is one object for all of them: whether an answer has started is a local variable of `__call__`."
        )
        assert_error(answer, 409, "CONFLICT", raised_by="a middleware")


@pytest.mark.check("boundary", level="hard", after=("test_crash_has_the_shape", "test_error_in_a_middleware"))
def test_crash_keeps_the_header(service, fresh):
    """A 500 carries `X-Correlation-ID` like every other answer."""
    given = fresh.token(20)
    answer = crash(service, f"crash {fresh.token()}", given=given)
    body = assert_error(answer, 500, "INTERNAL_ERROR", raised_by="a bug")
    assert (body["correlation_id"], answer.header("X-Correlation-ID")) == (given, given), why_other_id(body)


@pytest.mark.check("boundary", level="hard", after="test_crash_keeps_the_header")
def test_still_logged_once(service, logs, fresh):
    """With the boundary in place, an accident is still logged, and still once."""
    detail, given = f"crash {fresh.token()}", fresh.token(20)
    crash(service, detail, given=given)
    logs.complete()
    assert_logged_once(logs, detail, given)


@pytest.mark.check("boundary", level="expert", after="test_error_in_a_middleware")
def test_broken_transfer(service):
    """A failure after the first byte is a broken transfer: no clean end, no second answer."""
    answer = service.get("/drills/stream", partial=True)
    if answer.complete:
        raise CheckFailed(
            why_clean_end(answer),
            expected="200, the first chunk, and then a connection that is closed before the body's end",
            got=answer,
        )
    assert answer.status == 200, "The stream has to begin as usual, with 200; only its end is missing."
    first, second = answer.body, service.get("/drills/stream", partial=True).body
    assert b'"correlation_id"' not in first, why_clean_end(answer)
    assert len(first) > 0 and len(second) > 0, (
        "The chunk that was sent before the failure never arrived: something holds the body back until it is complete. "
        "A boundary passes every message on at once."
    )


@pytest.mark.check("boundary", level="expert", after="test_broken_transfer")
def test_broken_transfer_is_logged(service, logs):
    """A failure after the first byte is in the log with its stack, and nobody tried to answer a second time."""
    service.get("/drills/stream", partial=True)
    logs.complete()
    found = [f for f in failures(logs) if "RuntimeError" in f.text and f.level in ("error", "critical")]
    if not found:
        raise CheckFailed(
            "The transfer broke and the log says nothing. Where it is too late for an answer, raise again (the server logs what "
            "reaches it) or log it yourself with its stack; don't just return.",
            expected="a record at error with the stack of the RuntimeError",
            got=written_by_the_service(logs),
        )
    refused = [line for line in logs.lines if "ASGI message" in line and "http.response.start" in line]
    assert refused == [], (
        "A second answer was sent after the first had begun, and only the server's refusal kept it from the client. Whether it is too "
        "late is for your boundary to know: note when `http.response.start` passes `send`, and raise again from then on."
    )


@pytest.mark.check("boundary", level="expert", after=("test_crash_keeps_the_header", "test_broken_transfer"))
def test_requests_do_not_disturb_each_other(service, fresh):
    """An answer, a broken transfer and an accident leave nothing behind for the requests after and beside them."""
    user = create_user(service, fresh)
    path = f"/users/{user['id']}"
    service.get("/drills/stream", partial=True)
    assert_error(service.get(path, headers={"X-Drill": "conflict"}), 409, "CONFLICT", raised_by="a middleware")
    requests, expected = [], []
    for _ in range(4):
        for status, method, where, extra in (
            (200, "GET", path, {}),
            (409, "GET", path, {"X-Drill": "conflict"}),
            (500, "POST", "/drills/crash", {}),
            (404, "GET", f"/orders/{MISSING}", {}),
        ):
            given = fresh.token(20)
            drill = {"detail": f"crash {fresh.token()}", "secret": ""} if status == 500 else None
            requests.append(
                Request(
                    method,
                    where,
                    json=drill,
                    headers={"X-Correlation-ID": given, **extra},
                    deadline=10,
                )
            )
            expected.append([status, given, user["name"] if status == 200 else given])
    answers = service.together(requests)
    told = [answer.json.get("name" if answer.status == 200 else "correlation_id") for answer in answers]
    got = [[a.status, a.header("X-Correlation-ID"), what] for a, what in zip(answers, told, strict=True)]
    wrong = [number for number, pair in enumerate(zip(got, expected, strict=True)) if pair[0] != pair[1]]
    assert [got[number] for number in wrong] == [expected[number] for number in wrong], (
        "Requests that run at the same time disturb each other. The boundary is one object for all of them: what belongs to one request "
        "(whether its answer has started, its id) is a local variable of `__call__`, not an attribute."
    )


# Sending


def crash(service: Any, detail: str, *, secret: str = "", given: str = "") -> Answer:
    """Make the service raise a RuntimeError with this text."""
    headers = {"X-Correlation-ID": given} if given else {}
    answer: Answer = service.post("/drills/crash", {"detail": detail, "secret": secret}, headers=headers)
    return answer


# Comparing


def assert_error(answer: Answer, status: int, code: str, *, header: bool = True, raised_by: str = "") -> dict[str, Any]:
    """The body, when the answer is this error in the one shape. `header`: the id has to be in the header, too."""
    assert answer.status == status, why_status(answer, status, raised_by)
    kind = (answer.header("content-type") or "").split(";")[0].strip().lower()
    if kind not in JSON_TYPES:
        raise CheckFailed(
            why_no_json(answer, raised_by),
            expected=f"content-type: {JSON_TYPES[0]}",
            got=f"content-type: {kind}\n\n{answer.text}",
        )
    body = answer.json
    if not isinstance(body, dict) or not all(
        isinstance(body.get(name), str) for name in ("error", "message", "correlation_id")
    ):
        raise CheckFailed(
            why_other_shape(answer, body, raised_by),
            expected=f'{{"error": "{code}", "message": "…", "correlation_id": "…"}}\nthree texts; further members are allowed',
            got=answer.text,
        )
    assert body["error"] == code, (
        f"`error` is the code that belongs to a {status}, spelled exactly so: clients switch on it. It comes from the type of the error, "
        "or from the table of codes."
    )
    assert body["message"].strip() != "", (
        "`message` is empty: an exception without a text has an empty `str()`. Give it a sentence."
    )
    assert re.fullmatch(r"[A-Za-z0-9._-]{8,64}", body["correlation_id"]), (
        "`correlation_id` is no id. It has to be read when the answer is made, from the request's context."
    )
    if header:
        sent = answer.header("X-Correlation-ID")
        if sent is None:
            raise CheckFailed(
                f"The {status} lacks the header `X-Correlation-ID`. It is answered outside the middleware that adds the header; a handler "
                "for `Exception` lives in the outermost layer of all. Answer it further inside.",
                expected=f"X-Correlation-ID: {body['correlation_id']}",
                got=shown_headers(answer),
            )
        assert body["correlation_id"] == sent, why_other_id(body)
    return dict(body)


def shown_headers(answer: Answer) -> str:
    """The headers of an answer, one on a line, without those that say nothing here."""
    boring = ("date", "server", "connection", "content-length")
    return "\n".join(f"{name}: {value}" for name, value in answer.headers if name.lower() not in boring)


def written_by_the_service(logs: Logs) -> str:
    """The end of the log, without what the server says of itself and of the crash."""
    text = "\n".join(_COLOR.sub("", line) for line in logs.lines)
    for failure in failures(logs):
        if failure.by_server:
            text = text.replace(failure.text, "")
    lines = [line for line in text.split("\n") if line.strip() and not line.startswith("INFO: ")]
    return "\n".join(lines[-12:]) or "(the service wrote nothing)"


def assert_not_echoed(answer: Answer, value: str) -> None:
    """Fail when a value that was sent comes back."""
    if value in answer.text or json.dumps(value)[1:-1] in answer.text:
        raise CheckFailed(why_echo(answer, value), expected=f"{value}\nnowhere in the answer", got=answer)


def assert_nothing_internal(answer: Answer, values: dict[str, str]) -> None:
    """Fail when something of an accident is in the answer."""
    values = {
        **values,
        "a traceback": "Traceback (most recent",
        "a frame of the stack": 'File \\"',
        "the exception's type": "RuntimeError",
    }
    everything = "\n".join([answer.text, *(f"{name}: {value}" for name, value in answer.headers)])
    found = [what for what, value in values.items() if value in everything or json.dumps(value)[1:-1] in everything]
    if found:
        raise CheckFailed(
            f"The answer shows {found[0]}. Exceptions are written for you: they hold host names, SQL, connection strings. "
            "The caller gets a constant and the id"
            + ("; `debug=True` is for your own machine only." if found[0] == "a traceback" else "."),
            expected='{"error": "INTERNAL_ERROR", "message": "a constant", "correlation_id": "…"}',
            got=everything,
        )


def assert_logged_once(logs: Logs, detail: str, given: str) -> None:
    """Fail unless the log tells of this accident: at error, with its stack and the id, once by the service itself."""
    told = [failure for failure in failures(logs) if detail in failure.text]
    findable = [failure for failure in told if given in failure.text]
    if not findable:
        raise CheckFailed(
            why_not_findable(logs, told, detail),
            expected=f"one record at error with a stack that ends in\nRuntimeError: {detail}\nand with the id {given}",
            got=written_by_the_service(logs),
        )
    levels = [failure.level for failure in findable]
    assert "error" in levels or "critical" in levels, (
        "The record with the stack is not at `error`, so no alert looks at it: use `log.error(..., exc_info=error)` or `log.exception`. "
        "`traceback.print_exc()` and `print` have no level at all."
    )
    own = [failure for failure in told if not failure.by_server]
    if len(own) > 1:
        raise CheckFailed(
            "The service logs one accident more than once: one layer logs it and lets it go on, and the next one logs it again. "
            "Log where it is answered, and only there.",
            expected="one record with this stack (the server's own “Exception in ASGI application” is not counted)",
            got="\n\n".join(failure.text for failure in own),
        )


# Finding what the log tells of failures

_TRACEBACK = "Traceback (most recent call last)"
_LEVEL = re.compile(r"\b(debug|info|warning|warn|error|critical|fatal)\b", re.IGNORECASE)
_COLOR = re.compile(r"\x1b\[[0-9;]*m")
_CHAINED = ("During handling of the above exception", "The above exception was the direct cause")


class Failure(NamedTuple):
    """One record with a stack: a JSON line, or a traceback as text with the line above it."""

    text: str
    level: str
    by_server: bool  # uvicorn writes one of its own for what escapes the app


def failures(logs: Logs) -> list[Failure]:
    """Every record with a stack, in order."""
    found: list[Failure] = []
    lines = [_COLOR.sub("", line) for line in logs.lines]
    position, free = 0, 0  # lines before `free` belong to an earlier record
    while position < len(lines):
        record = parse_record(lines[position])
        if record is not None:
            text = _flat(record)
            if _TRACEBACK in text or '"frames"' in lines[position] or re.search(r'File "[^"]+", line \d+', text):
                level = next(
                    (
                        str(record[name]).lower()
                        for name in ("status", "level", "levelname", "severity")
                        if name in record
                    ),
                    "",
                )
                found.append(
                    Failure(text, level, _by_server(text) or str(record.get("logger", "")).startswith("uvicorn"))
                )
            position = free = position + 1
        elif _TRACEBACK in lines[position]:
            end = _end_of_traceback(lines, position)
            start = position
            while start > free and position - start < 3 and not _LEVEL.search(lines[start].partition(_TRACEBACK)[0]):
                start -= 1
            head = lines[start].partition(_TRACEBACK)[0]
            level = _LEVEL.search(head)
            text = "\n".join(lines[start:end])
            found.append(Failure(text, level[1].lower() if level else "", _by_server(text)))
            position = free = end
        else:
            position += 1
    return found


def _end_of_traceback(lines: list[str], position: int) -> int:
    """The number of the line after a traceback that begins at `position`, with the ones that it is chained to."""
    if "\\n" in lines[position].partition(_TRACEBACK)[2]:
        return position + 1  # all of it on one line
    position += 1
    while position < len(lines) and lines[position][:1].isspace():
        position += 1
    position += 1  # the exception itself
    if position < len(lines) and lines[position].startswith(_CHAINED):
        return _end_of_traceback(lines, position + 1)
    return min(position, len(lines))


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join(_flat(item) for item in value.values())
    if isinstance(value, list):
        return "\n".join(_flat(item) for item in value)
    return str(value)


def _by_server(text: str) -> bool:
    return "Exception in ASGI application" in text


# Likely causes


def why_status(answer: Answer, status: int, raised_by: str) -> str:
    """The status is not the one that belongs to this error."""
    if answer.status < 400:
        return (
            f"An error was answered with {answer.status}, which is a success to every client, proxy, retry policy and dashboard. "
            "`JSONResponse(body, status)`: without its second argument it is 200; a `return` of a dict is 200, too."
        )
    if answer.status == 500 and status < 500:
        if raised_by in ("request validation", "a validator"):
            return why_handler_failed(answer)
        return f"A {status} became a 500: either no handler takes this error, or the handler itself failed" + (
            f". It was raised by {raised_by}." if raised_by else "."
        )
    if status == 500:
        return "An accident is a 500. Another status blames the caller, or tells clients not to try again."
    return (
        f"The status of this error is {status}. One handler serves all types, but the status is the type's (`error.status`), "
        "or the HTTP error's (`error.status_code`), not a constant."
    )


def why_no_json(answer: Answer, raised_by: str) -> str:
    """The answer is no JSON."""
    if "Traceback" in answer.text or "traceback" in answer.text.lower():
        return "The answer is a traceback for the caller to read: `debug` is on. It turns every crash into a listing of your source."
    by = f" What was raised by {raised_by} has to be answered by your handler." if raised_by else ""
    return f"The answer is no JSON: it is the framework's own page for a {answer.status}, or an answer made without `JSONResponse`.{by}"


def why_other_shape(answer: Answer, body: Any, raised_by: str) -> str:
    """JSON, but of another shape."""
    if isinstance(body, dict) and "detail" in body and "error" not in body:
        who = {
            "the router": "The router raises Starlette's `HTTPException`; FastAPI's is a subclass, so a handler for FastAPI's misses it.",
            "request validation": "`RequestValidationError` has a handler of FastAPI's own until you register one for exactly this "
            "class; it is no `HTTPException`, and neither Pydantic's `ValidationError` nor a parent class replaces it.",
            "`raise HTTPException`": "No handler of yours takes `HTTPException`.",
        }.get(raised_by, "No handler of yours takes this error.")
        return f"This is the framework's own shape, with `detail`. {who}"
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        return "The members are nested: `error` is a text, and `message` and `correlation_id` stand beside it, not inside it."
    if isinstance(body, dict) and isinstance(body.get("message"), (list, dict)):
        return "`message` is a sentence. What is more than a sentence (a list of members that don't fit) goes into a further member."
    if isinstance(body, dict):
        gone = [f"`{name}`" for name in ("error", "message", "correlation_id") if not isinstance(body.get(name), str)]
        where = (
            " Not every request brings an id: read the one that it has here, `correlation_id.get()`."
            if gone == ["`correlation_id`"]
            else ""
        )
        return (
            f"{' and '.join(gone)} {'is' if len(gone) == 1 else 'are'} missing, or no text. "
            f"One function should make every error's body.{where}"
        )
    return "The body is no JSON object."


def why_other_id(body: dict[str, Any]) -> str:
    """Body and header disagree."""
    return (
        "The id in the body is not the request's. It is only of use if the same one stands in the header, in the body and in the log: "
        "read the one that the request has (`correlation_id.get()`); don't make another."
    )


def why_not_theirs(answer: Answer) -> str:
    """Nonsense from outside was not answered with 4xx."""
    if answer.status >= 500:
        return "Nonsense from a caller became a 500: what they sent ended up in the answer, or in a handler that could not digest it."
    return "A body that can't be read is the caller's mistake: 400 or 422."


def why_handler_failed(answer: Answer) -> str:
    """A refusal became a 500."""
    if answer.status < 500:
        return "This request does not fit its model and has to be refused with 422."
    return (
        "The error handler itself failed, so a mistake of the caller's became a 500. `error.errors()` holds what was sent (`input`: JSON has no "
        "`NaN`) and live exceptions (`ctx`): pick `loc` and `type` instead of passing it on."
    )


def why_echo(answer: Answer, value: str) -> str:
    """Which part of the answer repeats the input."""
    for path, text in _texts(answer.json):
        if value not in text:
            continue
        member = path[-1] if path else ""
        if member == "input":
            return "`input` repeats what was sent; when a member is missing it is the whole body, password included. Leave it out."
        if member == "body":
            return "`error.body` is the whole request; it went back to the caller. Leave it out."
        if "validation error" in text:
            return "`str(error)` of a validation error lists every value that was sent. Build the message yourself."
        if member == "msg" or "Value error" in text:
            return "The text of a validator (`msg`) quotes the value. Say which member (`loc`) and what kind of misfit (`type`)."
        return f"`{'.'.join(path)}` repeats what was sent. Say which member does not fit, not what was in it."
    return "What was sent comes back. Say which member does not fit, not what was in it."


def _texts(value: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], str]]:
    if isinstance(value, dict):
        inside = [item for key, part in value.items() for item in _texts(part, (*path, str(key)))]
        return [(_up_to(_up_to(place, "input"), "body"), text) for place, text in inside]
    if isinstance(value, list):
        return [item for part in value for item in _texts(part, path)]
    return [(path, str(value))]


def _up_to(path: tuple[str, ...], name: str) -> tuple[str, ...]:
    """The path, cut behind the member `name`: what lies in a repeated input has names of its own."""
    return path[: path.index(name) + 1] if name in path else path


def why_not_findable(logs: Logs, told: list[Failure], detail: str) -> str:
    """No record has the stack, the text and the id."""
    if [failure for failure in told if not failure.by_server]:
        return "The service logs the stack, but not with the request's id: nobody finds it from the id that the caller was told."
    if "NoneType: None" in logs.text:
        return (
            "The record says `NoneType: None` instead of a stack. A handler that is a plain `def` runs in a worker thread, where there is no "
            "current exception: pass it, `exc_info=error`."
        )
    mentioned = [line for line in logs.lines if detail in line and not any(line in failure.text for failure in told)]
    if mentioned:
        return "The accident is logged without its stack: `str(error)` says what, not where. Pass `exc_info=error`."
    if told:
        return (
            "Your handler answers and does not log. The only trace is the server's own record (it sees what escapes the app), and it lacks "
            "the request's id: nobody finds it from what the caller was told."
        )
    return "The accident left no trace in the log: an exception that is caught and neither logged nor raised again has not happened."


def why_middleware(answer: Answer) -> str:
    """What a middleware raised was not answered by its type."""
    if answer.status == 500:
        return (
            "What a middleware raises passes the handlers by: they live further inside. Your boundary has to stand around that middleware "
            "and answer by the error's type; an answer of 500 for everything makes an accident of a conflict."
        )
    return "A middleware raised the conflict error, and the answer is another one: the boundary answers by the error's type."


def why_clean_end(answer: Answer) -> str:
    """The stream failed and the client was not told."""
    if answer.status >= 400:
        return (
            "The answer was held back until the stream had failed. That makes every download wait for its end and fill the memory; "
            "pass each message on at once, and let a late failure break the transfer."
        )
    if '"correlation_id"' in answer.text or '"error"' in answer.text:
        return (
            "An error was written into a body that had already begun: to the client it is a complete file with garbage at its end. "
            "When the answer has started, don't send anything more; raise."
        )
    return (
        "The stream failed half-way and still ended cleanly: the client has half a file, status 200, and no way to tell. Whatever catches "
        'the exception has to raise it again when the answer has started; `@app.middleware("http")` (BaseHTTPMiddleware) ends the body in '
        "any case, so write the boundary as a plain ASGI class."
    )
