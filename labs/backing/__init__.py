"""The services that a service leans on (database, Redis, another HTTP service), real on the wire and able to fail."""

from labs.backing.cache import CacheServer
from labs.backing.database import Database
from labs.backing.downstream import Downstream, Reply

__all__ = ["CacheServer", "Database", "Downstream", "Reply"]
