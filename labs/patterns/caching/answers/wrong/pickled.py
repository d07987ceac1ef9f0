"""Copies are pickles.

exercise: read_user
check: test_a_copy_is_data_and_not_code
cause: pickle.loads
"""

import pickle

TTL = 300
ABSENT_TTL = 30
ABSENT = b"absent"


def open_redis(url):
    return Redis.from_url(url, socket_timeout=0.25, socket_connect_timeout=0.25)


async def read_user(redis, key, load):
    copy = await redis.get(key)
    if copy == ABSENT:
        return None
    if copy is not None:
        try:
            data = pickle.loads(copy)
        except Exception as error:
            raise ValueError("no pickle") from error
        return User.model_validate(data)
    row = await load()
    if row is None:
        await redis.set(key, ABSENT, ex=ABSENT_TTL)
        return None
    user = User.model_validate(row)
    await redis.set(key, pickle.dumps(user.model_dump()), ex=TTL + random.randrange(TTL // 5))
    return user
