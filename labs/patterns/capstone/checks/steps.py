"""What every response of the whole service has to be, and orders and users as these checks make, send and find them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from labs.judge import (
    CheckFailed,
    Database,
    Downstream,
    Fresh,
    Response,
    ServiceUnderTest,
    add_user,
    body_of,
    calls_to,
    error_of,
    has_status,
    until,
)

LIVE, READY, STARTUP = "/health/live", "/health/ready", "/health/startup"

PATIENCE = 8.0  # seconds for a response where its lateness is not the subject
BACK = 3.0  # seconds after which everything works again

GATEWAY = {502: "BAD_GATEWAY", 503: "UNAVAILABLE", 504: "TIMEOUT"}
CODES = {404: "NOT_FOUND", 409: "CONFLICT", 413: "PAYLOAD_TOO_LARGE", 500: "INTERNAL_ERROR", **GATEWAY}

HOLDS_A_LOCK = (
    "While a payment waits for downstream, nobody else can write: it holds a transaction. Ask downstream between two "
    "transactions, not in one."
)
NO_OUTAGE = (
    "A bug was answered as an outage: a 503 tells callers to come back, and sends the wrong people out of bed. Name "
    "the errors that mean “away” in `outage`; everything else is a 500."
)
ROW_OF_A_REFUSED = (
    "A request was answered with an error, and its row is in the table: the client will send it again, "
    "and there will be two."
)
TWO_KEYS = (
    "Payments of one order have different keys, so downstream took the money for each of them. The key belongs to the "
    "order: the caller's, or one made from the order's id, never a random one."
)


# Responses


def expect(response: Response, status: int, cause: str) -> None:
    """Fail with this cause unless the response has this status."""
    if response.status != status:
        raise CheckFailed(cause, expected=status, got=response)


def expect_soon(ask: Callable[[], Response], status: int, cause: str, timeout: float = BACK) -> Response:
    """Ask again until the response has this status. Fails with this cause after so many seconds."""
    response = until(ask, has_status(status), timeout)
    expect(response, status, cause)
    return response


def expect_ready(service: ServiceUnderTest, status: int, cause: str, *, deadline: float = 3.0) -> Response:
    """Wait for readiness to have this status: what it says may be a second old. Fails with this cause otherwise."""
    return expect_soon(lambda: service.get(READY, deadline=deadline), status, cause, BACK + 1)


def assert_stamped(response: Response, ident: str) -> None:
    """Fail unless the response has what every one has: this correlation id, and the security headers."""
    asked = f"`{response.request.method} {response.request.path}` ({response.status})"
    got = response.header("X-Correlation-ID")
    assert got == ident, (
        f"{asked} does not carry the correlation id of its request. `CorrelationId` stamps what passes through it: "
        "whatever answers has to be inside of it, the boundary included."
    )
    names = ("X-Content-Type-Options", "Content-Security-Policy", "Referrer-Policy")
    assert [name for name in names if not response.header(name)] == [], (
        f"{asked} lacks security headers. `SecurityHeaders` stamps what passes through it: whatever answers has to be "
        "inside of it, the boundary included."
    )


def assert_error(response: Response, status: int, ident: str) -> None:
    """Fail unless this is the error that belongs to the status, in the one shape, with this correlation id."""
    if (status, response.status) == (500, 503):
        raise CheckFailed(NO_OUTAGE, expected=500, got=response)
    asked = f"`{response.request.method} {response.request.path}`"
    if error_of(response) != (status, CODES[status]):
        raise CheckFailed(
            f"{asked} has to be a {status} in the one shape. What is raised has to meet the boundary on its way out: "
            "everything that raises stands inside of it, "
            "and the framework's own 500 is what comes out when it doesn't.",
            expected=f"{status} with error {CODES[status]}",
            got=response,
        )
    assert_stamped(response, ident)
    assert response.json.get("correlation_id") == ident, (
        f"The body of {asked} names another correlation id than its header: the boundary answered where the id was not "
        "known, outside of `CorrelationId`."
    )


# Users


def whole(user: dict[str, Any]) -> dict[str, Any]:
    """What a read of this user has to answer."""
    return {name: user[name] for name in ("id", "name", "email")}


def shown(response: Response) -> dict[str, Any]:
    """What was answered, in the form of `whole`."""
    return {name: response.json.get(name) for name in ("id", "name", "email")}


def assert_found(service: ServiceUnderTest, user: dict[str, Any], cause: str) -> None:
    """Fail with this cause unless a read answers this user."""
    response = service.get(f"/users/{user['id']}")
    if response.status >= 500:
        expect(response, 200, "`GET /users/{id}` fails: what `load` returns is kept and answered, a `User` or `None`.")
    expect(response, 200, cause)
    assert shown(response) == whole(user), cause


def put(service: ServiceUnderTest, user: dict[str, Any], *, deadline: float = 3.0) -> Response:
    """Change this user's row to these values."""
    body = {"name": user["name"], "email": user["email"]}
    return service.put(f"/users/{user['id']}", body, deadline=deadline)


# Orders


def order_body(user_id: int, fresh: Fresh) -> dict[str, Any]:
    """A body that `POST /orders` accepts, for an item that nobody else orders."""
    return {"user_id": user_id, "item": f"{fresh.item()} {fresh.token(6)}", "amount": fresh.number(100, 99_999)}


def new_order(database: Database, fresh: Fresh) -> dict[str, Any]:
    """An open order in the table, of a new user."""
    body = order_body(add_user(database, fresh)["id"], fresh)
    return {"id": database.add_order(**body), **body}


def status_of(database: Database, order: dict[str, Any]) -> str:
    """What the table says of this order."""
    return str(database.execute("SELECT status FROM orders WHERE id = ?", order["id"])[0][0])


def keys_by_order(downstream: Downstream) -> dict[Any, set[str | None]]:
    """The idempotency keys of all payments that have reached downstream, by the id of the order."""
    keys: dict[Any, set[str | None]] = {}
    for call in calls_to(downstream, "/payments"):
        keys.setdefault(body_of(call, "order_id").get("order_id"), set()).add(call.headers.get("idempotency-key"))
    return keys


def assert_one_key(downstream: Downstream, order: dict[str, Any]) -> None:
    """Fail unless all payments of this order have the same key."""
    assert len(keys_by_order(downstream).get(order["id"], ())) == 1, TWO_KEYS
