"""docs/contract.md without any framework: an ASGI callable, SQL by hand through aiosqlite, JSON lines by hand.

Written from the page alone, to hold the checks to it. Where the page leaves a choice, this one takes the other
than plain_starlette does.
"""

import os

from .downstream import Downstream
from .drills import Drills
from .health import Health
from .logs import set_up_logs
from .shop import Shop
from .storage import Storage
from .users import Users
from .wire import Application

__all__ = ["create_app"]


def create_app():
    env = dict(os.environ)
    set_up_logs(env)
    storage = Storage(env.get("DATABASE_URL", "sqlite+aiosqlite:///shop.sqlite"))
    redis_url = env.get("REDIS_URL", "redis://127.0.0.1:6379/0")
    downstream = Downstream(env)
    health = Health(env, redis_url, storage)
    users = Users(storage, redis_url)
    shop = Shop(env, storage, downstream)
    parts = (health, users, shop, Drills(storage))
    return Application(env, parts, opened=(health,), closed=(shop, health, users, downstream))
