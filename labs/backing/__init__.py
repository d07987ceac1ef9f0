"""Backing services of a service under test: database, Redis, another HTTP service; real on the wire, able to fail."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from labs.backing.cache import CacheServer as CacheServer
    from labs.backing.database import Database as Database
    from labs.backing.downstream import Downstream as Downstream
    from labs.backing.downstream import Received as Received
    from labs.backing.downstream import ScriptedReply as ScriptedReply

__all__ = ["KINDS", "VARIABLES", "Backings", "CacheServer", "Database", "Downstream", "Received", "ScriptedReply"]

# The kinds of backing services, and the environment variable that tells a service where its own one is.
VARIABLES = {"database": "DATABASE_URL", "cache": "REDIS_URL", "downstream": "DOWNSTREAM_URL"}
KINDS = tuple(VARIABLES)


class Backings(TypedDict, total=False):
    """The backing services of one service, by kind."""

    database: Database
    cache: CacheServer
    downstream: Downstream


_HOMES = {
    "CacheServer": "cache",
    "Database": "database",
    "Downstream": "downstream",
    "Received": "downstream",
    "ScriptedReply": "downstream",
}
_OLD_NAMES = {"Reply": "ScriptedReply"}  # in notebooks of earlier releases


def __getattr__(name: str) -> Any:
    name = _OLD_NAMES.get(name, name)
    # fakeredis takes a third of a second to import, and most labs have no use for it.
    if name in _HOMES:
        return getattr(import_module(f"labs.backing.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
