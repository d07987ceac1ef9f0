"""In-process single flight; a write stores the new copy itself; readers store with NX, never over anything.
"""

# %% read_user
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
        return User.model_validate_json(copy)
    row = await load()
    if row is None:
        await redis.set(key, ABSENT, ex=ABSENT_TTL, nx=True)
        return None
    user = User.model_validate(row)
    await redis.set(key, user.model_dump_json(), ex=int(TTL * random.uniform(0.9, 1.1)), nx=True)
    return user


# %% write_user
async def write_user(redis, key, change):
    row = await change()
    if row is None:
        await redis.set(key, ABSENT, ex=ABSENT_TTL)
    else:
        await redis.set(key, User.model_validate(row).model_dump_json(), ex=TTL)
    return row


# %% crowd
class Crowd:
    def __init__(self, redis):
        self.flights = {}

    async def read(self, user_id, read_key):
        flight = self.flights.get(user_id)
        if flight is None:
            flight = self.flights[user_id] = asyncio.ensure_future(read_key(f"user:{user_id}"))
            flight.add_done_callback(lambda done: self.land(user_id, done))
        return await asyncio.shield(flight)

    def land(self, user_id, flight):
        if self.flights.get(user_id) is flight:
            del self.flights[user_id]

    async def write(self, user_id, write_key):
        try:
            return await write_key(f"user:{user_id}")
        finally:
            self.flights.pop(user_id, None)  # who comes from now on does not join an older load
