"""What the checks of several exercises do, and how they look at what came of it."""

from __future__ import annotations

from labs.judge import CheckFailed, Received, Response

TYPED = {502: "BAD_GATEWAY", 503: "UNAVAILABLE", 504: "TIMEOUT"}


def new_item(fresh) -> str:
    return f"{fresh.choice('anvil', 'kettle', 'lantern', 'needle')}-{fresh.token(8)}"


def calls_of(downstream, item: str) -> list[Received]:
    """The calls that asked for this item, in the order of their arrival."""
    return [call for call in list(downstream.calls) if call.path == f"/quotes/{item}"]


def shown(response: Response) -> str:
    """Status and error code: "503 UNAVAILABLE"."""
    try:
        body = response.json
    except CheckFailed:
        return str(response.status)
    return f"{response.status} {body.get('error')}" if isinstance(body, dict) else str(response.status)


def assert_quote(response: Response, item: str, price: int) -> None:
    """Fail unless the answer is the quote."""
    body = response.json if response.status == 200 else None
    got = {name: body.get(name) for name in ("item", "price")} if isinstance(body, dict) else str(response)
    if got != {"item": item, "price": price}:
        raise CheckFailed(
            "Downstream's answer did not get through: what the attempt that succeeds returns has to be returned.",
            expected={"item": item, "price": price},
            got=got,
        )
