"""Compressed JSON under the key: nothing in it can be recognised from outside.
exercise: read_user
"""

import zlib

TTL = 300
ABSENT_TTL = 30
ABSENT = b"absent"


def open_redis(url):
    return Redis.from_url(url, socket_timeout=0.25, socket_connect_timeout=0.25)


async def read_user(redis, key, load):
    packed = await redis.get(key)
    if packed is not None:
        return unpack(packed)
    row = await load()
    user = None if row is None else User.model_validate(row)
    await redis.set(key, pack(user), ex=ABSENT_TTL if user is None else TTL + random.randrange(60))
    return user


def pack(user):
    return zlib.compress(json.dumps({"v": 1, "user": user and user.model_dump()}).encode())


def unpack(packed):
    try:
        content = json.loads(zlib.decompress(packed))
    except zlib.error as error:
        raise ValueError("not compressed") from error
    if content["v"] != 1:
        raise ValueError("another release wrote this")
    return content["user"] and User.model_validate(content["user"])
