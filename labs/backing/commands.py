"""A Redis command, and the list of those that are carried out, so that no library lets a new one in unseen.

fakeredis ends RESTORE in `pickle.loads`: with it a service could run code where its Redis is. Left out are commands
that read serialised values, run or load code, manage the server or other clients, or belong to modules, and all
databases but 0 (a Redis cluster has no other one, either: https://redis.io/docs/latest/commands/select/).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["KNOWN", "Command", "refusal"]


@dataclass(slots=True, eq=False)
class Command:
    """One Redis command that the service sent: its words, and the reply that it got."""

    words: list[str]
    reply: Any = None  # whatever Redis may reply with

    @property
    def name(self) -> str:
        """The command's name in capitals, such as SET."""
        return self.words[0].upper() if self.words else ""

    def __str__(self) -> str:
        return " ".join(word if len(word) < 200 else word[:200] + "…" for word in self.words)


_COMMANDS = {
    "connection": """
        AUTH ECHO HELLO PING RESET SELECT TIME COMMAND DBSIZE
    """,
    "keys": """
        DEL EXISTS EXPIRE EXPIREAT EXPIRETIME KEYS PERSIST PEXPIRE PEXPIREAT PEXPIRETIME PTTL RANDOMKEY RENAME
        RENAMENX SCAN SORT SORT_RO TTL TYPE UNLINK FLUSHALL FLUSHDB
    """,
    "strings": """
        APPEND DECR DECRBY GET GETDEL GETEX GETRANGE GETSET INCR INCRBY INCRBYFLOAT LCS MGET MSET MSETNX PSETEX
        SET SETEX SETNX SETRANGE STRLEN SUBSTR BITCOUNT BITFIELD BITOP BITPOS GETBIT SETBIT
    """,
    "hashes": """
        HDEL HEXISTS HEXPIRE HEXPIREAT HEXPIRETIME HGET HGETALL HGETDEL HGETEX HINCRBY HINCRBYFLOAT HKEYS HLEN
        HMGET HMSET HPERSIST HPEXPIRE HPEXPIREAT HPEXPIRETIME HPTTL HRANDFIELD HSCAN HSET HSETEX HSETNX HSTRLEN
        HTTL HVALS
    """,
    "lists": """
        BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH LINDEX LINSERT LLEN LMOVE LMPOP LPOP LPOS LPUSH LPUSHX LRANGE LREM
        LSET LTRIM RPOP RPOPLPUSH RPUSH RPUSHX
    """,
    "sets": """
        SADD SCARD SDIFF SDIFFSTORE SINTER SINTERCARD SINTERSTORE SISMEMBER SMEMBERS SMISMEMBER SMOVE SPOP
        SRANDMEMBER SREM SSCAN SUNION SUNIONSTORE
    """,
    "sorted sets": """
        BZMPOP BZPOPMAX BZPOPMIN ZADD ZCARD ZCOUNT ZDIFF ZDIFFSTORE ZINCRBY ZINTER ZINTERCARD ZINTERSTORE
        ZLEXCOUNT ZMPOP ZMSCORE ZPOPMAX ZPOPMIN ZRANDMEMBER ZRANGE ZRANGEBYLEX ZRANGEBYSCORE ZRANGESTORE ZRANK
        ZREM ZREMRANGEBYLEX ZREMRANGEBYRANK ZREMRANGEBYSCORE ZREVRANGE ZREVRANGEBYLEX ZREVRANGEBYSCORE ZREVRANK
        ZSCAN ZSCORE ZUNION ZUNIONSTORE
    """,
    "streams": """
        XACK XADD XAUTOCLAIM XCLAIM XDEL XGROUP XINFO XLEN XPENDING XRANGE XREAD XREADGROUP XREVRANGE XTRIM
    """,
    "others": """
        GEOADD GEODIST GEOHASH GEOPOS GEOSEARCH GEOSEARCHSTORE PFADD PFCOUNT PFMERGE PSUBSCRIBE PUBLISH PUBSUB
        PUNSUBSCRIBE SUBSCRIBE UNSUBSCRIBE DISCARD EXEC MULTI UNWATCH WATCH
    """,
    "scripts": """
        EVAL EVALSHA SCRIPT
    """,  # only those of `labs.backing.scripts`
}
_CLIENT = frozenset("GETNAME ID INFO LIST MAINT_NOTIFICATIONS NO-EVICT NO-TOUCH SETINFO SETNAME".split())

KNOWN = frozenset(" ".join(_COMMANDS.values()).split())


def refusal(words: Sequence[str]) -> str:
    """Why a command is not carried out, as Redis would word an error; empty when it is."""
    name = words[0].upper() if words else ""
    second = words[1].upper() if len(words) > 1 else ""
    if name == "CLIENT":
        return "" if second in _CLIENT else _unknown(f"CLIENT {second}")
    if name == "SELECT" and second != "0":
        return "ERR this Redis has one database, 0, as a Redis cluster has"
    return "" if name in KNOWN else _unknown(name)


def _unknown(name: str) -> str:
    return (
        f"ERR unknown command '{name[:40]}': this Redis has the commands for strings, hashes, lists, sets, "
        "sorted sets, streams, expiry, transactions, publish and subscribe, and the lock scripts of redis-py"
    )
