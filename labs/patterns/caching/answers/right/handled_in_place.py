"""A cache class that handles everything where it happens; the functions for trouble are never needed.
"""

# %% read_user
class UserCache:
    """Never raises: a cache that fails is an empty one."""

    MISS = object()

    def __init__(self, redis):
        self.redis = redis

    async def look(self, key):
        try:
            copy = await self.redis.get(key)
        except ResponseError:
            await self.drop(key)
            return self.MISS
        except AWAY:
            return self.MISS
        if copy is None:
            return self.MISS
        if copy == b"-":
            return None
        try:
            return User.model_validate_json(copy)
        except ValueError:
            return self.MISS

    async def store(self, key, user):
        value, seconds = (b"-", 20) if user is None else (user.model_dump_json(), random.randint(240, 360))
        try:
            await self.redis.set(key, value, ex=seconds)
        except AWAY as trouble:
            logger.warning("not stored: %s", trouble)

    async def drop(self, key):
        try:
            await self.redis.delete(key)
        except AWAY as trouble:
            logger.warning("not deleted: %s", trouble)


def open_redis(url):
    return Redis.from_url(url, socket_timeout=0.2, socket_connect_timeout=0.2)


async def read_user(redis, key, load):
    cache = UserCache(redis)
    user = await cache.look(key)
    if user is cache.MISS:
        row = await load()
        user = None if row is None else User.model_validate(row)
        await cache.store(key, user)
    return user


# %% write_user
async def write_user(redis, key, change):
    row = await change()
    await UserCache(redis).drop(key)
    return row


# %% reread_user
async def reread_user(trouble, redis, key, load):
    raise NotImplementedError


# %% without_cache
async def without_cache(trouble, ask):
    raise NotImplementedError


# %% crowd
class Crowd:
    def __init__(self, redis):
        self.redis = redis
        self.tasks = {}

    async def key(self, user_id):
        try:
            generation = await self.redis.get(f"user:{user_id}:g")
        except AWAY:
            generation = None
        return f"user:{user_id}:" + (generation or b"0").decode("latin-1")

    async def read(self, user_id, read_key):
        key = await self.key(user_id)
        if key not in self.tasks:
            self.tasks[key] = asyncio.create_task(self.run(key, read_key))
        return await asyncio.shield(self.tasks[key])

    async def run(self, key, read_key):
        try:
            return await read_key(key)
        finally:
            del self.tasks[key]

    async def write(self, user_id, write_key):
        row = await write_key(await self.key(user_id))
        try:
            await self.redis.set(f"user:{user_id}:g", secrets.token_urlsafe(6), ex=3600)
        except AWAY as trouble:
            logger.warning("readers may still see the old copy: %s", trouble)
        return row
