"""Quotes, the calls downstream that fetch them, and errors as their caller reads them."""

from __future__ import annotations

from labs.judge import CheckFailed, Downstream, Fresh, Received, Response, calls_to, error_of

TYPED = {502: "BAD_GATEWAY", 503: "UNAVAILABLE", 504: "TIMEOUT"}
PATIENCE = 6.0  # seconds for a response where its lateness is not the subject


def new_item(fresh: Fresh) -> str:
    """An item that nobody has asked for yet."""
    return f"{fresh.choice('anvil', 'kettle', 'lantern', 'needle')}-{fresh.token(8)}"


def calls_of(downstream: Downstream, item: str) -> list[Received]:
    """The calls that asked for this item, in the order of their arrival."""
    return calls_to(downstream, f"/quotes/{item}")


def shown(response: Response) -> str:
    """The status and the error's code, as in "503 UNAVAILABLE"."""
    status, code = error_of(response)
    return f"{status} {code or ''}".strip()


def assert_quote(response: Response, item: str, price: int) -> None:
    """Fail unless this is the quote."""
    body = response.json if response.status == 200 else None
    got = {name: body.get(name) for name in ("item", "price")} if isinstance(body, dict) else str(response)
    if got != {"item": item, "price": price}:
        raise CheckFailed(
            "Downstream's answer did not get through: what the attempt that succeeds returns has to be returned.",
            expected={"item": item, "price": price},
            got=got,
        )
