"""A client that, once Redis has failed, fails at once for a second and then tries again.
exercise: read_user
"""

import time

TTL = 300
ABSENT_TTL = 30
ABSENT = b"absent"


class BrokenCircuit(Redis):
    asleep_until = 0.0

    async def execute_command(self, *words, **options):
        if time.monotonic() < self.asleep_until:
            raise RedisError("not asked: it failed a moment ago")
        try:
            return await super().execute_command(*words, **options)
        except (ConnectionError, OSError, RedisError) as error:
            if not isinstance(error, ResponseError):
                self.asleep_until = time.monotonic() + 1.0
            raise


def open_redis(url):
    return BrokenCircuit.from_url(url, socket_timeout=0.25, socket_connect_timeout=0.25)


async def read_user(redis, key, load):
    copy = await redis.get(key)
    if copy == ABSENT:
        return None
    if copy is not None:
        return User.model_validate_json(copy)
    row = await load()
    if row is None:
        await redis.set(key, ABSENT, ex=ABSENT_TTL)
        return None
    user = User.model_validate(row)
    await redis.set(key, user.model_dump_json(), ex=TTL + random.randrange(TTL // 5))
    return user
