"""The contract's everyday steps, for checks that need a user or an order before they can begin."""

from __future__ import annotations

from typing import Any

from labs.judge.errors import CheckFailed
from labs.judge.fresh import Fresh
from labs.judge.service import ServiceUnderTest

__all__ = ["create_order", "create_user"]


def create_user(service: ServiceUnderTest, fresh: Fresh, **fields: Any) -> dict[str, Any]:
    """POST /users with fresh facts (or these); the user that came back. Fails the check when it is not 201."""
    body = {"name": fresh.name(), "email": fresh.email(), "password": fresh.secret(), **fields}
    return _created(service, "/users", body)


def create_order(service: ServiceUnderTest, fresh: Fresh, **fields: Any) -> dict[str, Any]:
    """POST /orders with fresh facts (or these), for a new user unless `user_id` is given; the order that came back."""
    if "user_id" not in fields:
        fields["user_id"] = create_user(service, fresh)["id"]
    body = {"item": fresh.item(), "amount": fresh.number(100, 99_999), **fields}
    return _created(service, "/orders", body)


def _created(service: ServiceUnderTest, path: str, body: dict[str, Any]) -> dict[str, Any]:
    response = service.post(path, body)
    if response.status != 201 or not isinstance(response.json, dict) or "id" not in response.json:
        raise CheckFailed(
            f"`POST {path}` has to create what it is sent, and answer 201 with an `id`: the rest builds on it.",
            expected="201 Created\nand an object with an id",
            got=response,
        )
    return dict(response.json)
