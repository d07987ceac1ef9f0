"""Blocking clients in threads with short time-outs; one round at a time behind a lock, remembered for half a second."""

# %% readiness
import sqlite3

import redis as blocking_redis


def look_at_database():
    path = os.environ["DATABASE_URL"].partition("///")[2]
    connection = sqlite3.connect(path, timeout=0.5)
    try:
        connection.execute("SELECT id FROM users LIMIT 1").fetchall()
    finally:
        connection.close()


def look_at_cache(client):
    client.ping()


async def ask_database(health):
    await asyncio.to_thread(look_at_database)


async def ask_cache(health):
    if not hasattr(health, "blocking"):
        health.blocking = blocking_redis.Redis.from_url(
            os.environ["REDIS_URL"], socket_timeout=0.5, socket_connect_timeout=0.5
        )
    await asyncio.to_thread(look_at_cache, health.blocking)


async def ask_all(health):
    if not hasattr(health, "lock"):
        health.lock, health.asked, health.known = asyncio.Lock(), -1e9, None
    async with health.lock:
        if time.monotonic() - health.asked > 0.5:
            results = await asyncio.gather(ask_database(health), ask_cache(health), return_exceptions=True)
            names = ("database", "cache")
            health.known = {
                n: "failed" if isinstance(r, Exception) else "ok" for n, r in zip(names, results, strict=True)
            }
            health.asked = time.monotonic()
        return health.known


def ready(checks):
    failed = [name for name, outcome in checks.items() if outcome != "ok"]
    return JSONResponse(
        {"status": "not ready" if failed else "ready", "checks": checks}, 503 if failed else 200
    )


# %% crowd
async def ask_together(health):
    return await ask_all(health)
