"""What the checks of several exercises do, and how they look at what came of it."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

from labs.judge import CheckFailed, Received, Response

LIVE, READY, STARTUP = "/health/live", "/health/ready", "/health/startup"

PATIENCE = 8.0  # seconds for an answer where its lateness is not the subject

BACK = 3.0  # seconds after which everything works again

BACKINGS = ("database", "cache", "downstream")

GATEWAY = {502: "BAD_GATEWAY", 503: "UNAVAILABLE", 504: "TIMEOUT"}

CODES = {404: "NOT_FOUND", 409: "CONFLICT", 413: "PAYLOAD_TOO_LARGE", 500: "INTERNAL_ERROR", **GATEWAY}

HOLDS_A_LOCK = "While a payment waits for downstream, nobody else can write: it holds a transaction. Ask downstream between two transactions, not in one."

NO_OUTAGE = (
    "A bug was answered as an outage: a 503 tells callers to come back, and sends the wrong people out of bed. Name the errors that mean “away” "
    "in `outage`; everything else is a 500."
)

TWO_KEYS = (
    "Payments of one order have different keys, so downstream took the money for each of them. The key belongs to the order: the caller's, or one "
    "made from the order's id, never a random one."
)


def until(look: Callable[[], Any], good: Callable[[Any], bool], timeout: float = BACK + 1) -> Any:
    """What `look` sees as soon as it is good; what it sees last when it never is."""
    deadline = time.monotonic() + timeout
    while not good(seen := look()) and time.monotonic() < deadline:
        time.sleep(0.03)
    return seen


def has(status: int) -> Callable[[Response], bool]:
    return lambda response: response.status == status


@contextlib.contextmanager
def away(*backings: Any, fault: str = "down") -> Iterator[None]:
    """These are down, or hang, for a while."""
    try:
        for backing in backings:
            getattr(backing, fault)()
        yield
    finally:
        for backing in backings:
            backing.up()


def expect(response: Response, status: int, cause: str) -> None:
    if response.status != status:
        raise CheckFailed(cause, expected=status, got=response)


def stamped(response: Response, ident: str) -> None:
    """Every answer has these."""
    asked = f"`{response.request.method} {response.request.path}` ({response.status})"
    got = response.header("X-Correlation-ID")
    assert got == ident, (
        f"{asked} does not carry the correlation id of its request. `CorrelationId` stamps what passes through it: whatever answers has to be inside of it, the boundary included."
    )
    missing = [
        name
        for name in ("X-Content-Type-Options", "Content-Security-Policy", "Referrer-Policy")
        if not response.header(name)
    ]
    assert missing == [], (
        f"{asked} lacks security headers. `SecurityHeaders` stamps what passes through it: whatever answers has to be inside of it, the boundary included."
    )


def complete(response: Response, status: int, ident: str) -> None:
    """An error as every error has to be."""
    asked = f"`{response.request.method} {response.request.path}`"
    body = None
    with contextlib.suppress(CheckFailed):
        body = response.json
    if (status, response.status) == (500, 503):
        raise CheckFailed(NO_OUTAGE, expected=500, got=response)
    if response.status != status or not isinstance(body, dict) or body.get("error") != CODES[status]:
        raise CheckFailed(
            f"{asked} has to be a {status} in the one shape. What is raised has to meet the boundary on its way out: everything that raises stands "
            "inside of it, and the framework's own 500 is what comes out when it doesn't.",
            expected=f"{status} with error {CODES[status]}",
            got=response,
        )
    stamped(response, ident)
    assert body.get("correlation_id") == ident, (
        f"The body of {asked} names another correlation id than its header: the boundary answered where the id was not known, outside of `CorrelationId`."
    )


def put(service: Any, user: dict[str, Any], **options: Any) -> Response:
    return service.put(f"/users/{user['id']}", {"name": user["name"], "email": user["email"]}, **options)


def whole(user: dict[str, Any]) -> dict[str, Any]:
    return {name: user[name] for name in ("id", "name", "email")}


def shown(response: Response) -> dict[str, Any]:
    return {name: response.json.get(name) for name in ("id", "name", "email")}


def found(service: Any, user: dict[str, Any], cause: str) -> None:
    """A read answers this user."""
    response = service.get(f"/users/{user['id']}")
    expect(
        response,
        200,
        cause
        if response.status < 500
        else "`GET /users/{id}` fails: what `load` returns is kept and answered, a `User` or `None`.",
    )
    assert shown(response) == whole(user), cause


def order_body(user_id: int, fresh: Any) -> dict[str, Any]:
    return {"user_id": user_id, "item": f"{fresh.item()} {fresh.token(6)}", "amount": fresh.number(100, 99_999)}


def new_order(service: Any, database: Any, fresh: Any) -> dict[str, Any]:
    """An open order in the table, of a new user."""
    body = order_body(database.add_user(name=fresh.name(), email=fresh.email()), fresh)
    return {"id": database.add_order(**body), **body}


def status_of(database: Any, order: dict[str, Any]) -> str:
    return str(database.execute("SELECT status FROM orders WHERE id = ?", order["id"])[0][0])


def card(fresh: Any) -> str:
    return f"{fresh.number(10**11, 10**12 - 1)}1111"


def pay(service: Any, order: dict[str, Any], fresh: Any) -> Response:
    return begin_pay(service, order, fresh).result()


def begin_pay(service: Any, order: dict[str, Any], fresh: Any) -> Future[Response]:
    return service.begin("POST", f"/orders/{order['id']}/pay", json={"card_number": card(fresh)}, deadline=PATIENCE)


def payments(downstream: Any) -> list[Received]:
    return [call for call in list(downstream.calls) if call.path == "/payments"]


def body_of(call: Received) -> dict[str, Any]:
    try:
        body = json.loads(call.body)
    except ValueError:
        return {}
    return {name: body[name] for name in ("order_id", "amount") if name in body} if isinstance(body, dict) else {}


def one_key(downstream: Any, order: dict[str, Any]) -> None:
    keys = {
        call.headers.get("idempotency-key")
        for call in payments(downstream)
        if body_of(call).get("order_id") == order["id"]
    }
    assert len(keys) == 1, TWO_KEYS
