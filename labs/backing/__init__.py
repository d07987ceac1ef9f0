"""The services that a service leans on (database, Redis, another HTTP service), real on the wire and able to fail."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labs.backing.cache import CacheServer as CacheServer
    from labs.backing.database import Database as Database
    from labs.backing.downstream import Downstream as Downstream
    from labs.backing.downstream import Received as Received
    from labs.backing.downstream import Reply as Reply

__all__ = ["CacheServer", "Database", "Downstream", "Received", "Reply"]

_HOMES = {
    "CacheServer": "cache",
    "Database": "database",
    "Downstream": "downstream",
    "Received": "downstream",
    "Reply": "downstream",
}


def __getattr__(name: str) -> Any:
    # fakeredis takes a third of a second to import, and most labs have no use for it.
    if name in _HOMES:
        return getattr(import_module(f"labs.backing.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
