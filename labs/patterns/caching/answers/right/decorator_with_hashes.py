"""A generic decorator: values as Redis hashes, written in one MULTI, and a generation in the key.
"""

# %% read_user
TTL = 300
ABSENT_TTL = 30
ABSENT = b"absent"


def open_redis(url):
    return Redis.from_url(url, socket_timeout=0.25, socket_connect_timeout=0.25)


def cached_hash(model, seconds, absent_seconds):
    """Cache what the decorated loader returns as a hash; an absence is a hash with the field `absent`."""

    def decorate(loader):
        async def cached(redis, key, *arguments):
            fields = await redis.hgetall(key)
            if fields == {b"absent": b"1"}:
                return None
            if fields:
                return model.model_validate({name.decode(): value.decode() for name, value in fields.items()})
            found = await loader(*arguments)
            value = {"absent": "1"} if found is None else model.model_validate(found).model_dump()
            lifetime = absent_seconds if found is None else seconds * random.uniform(0.85, 1)
            async with redis.pipeline(transaction=True) as pipeline:
                pipeline.delete(key).hset(key, mapping=value).pexpire(key, int(lifetime * 1000))
                await pipeline.execute()
            return found

        return cached

    return decorate


async def read_user(redis, key, load):
    @cached_hash(User, TTL, ABSENT_TTL)
    async def loaded():
        return await load()

    return await loaded(redis, key)


# %% reread_user
async def reread_user(trouble, redis, key, load):
    await redis.delete(key)
    return await read_user(redis, key, load)


# %% crowd
class Crowd:
    def __init__(self, redis):
        self.redis = redis
        self.waiting = {}

    async def read(self, user_id, read_key):
        key = f"user:{user_id}:v{int(await self.redis.get(f'generation:{user_id}') or 0)}"
        if key in self.waiting:
            return await self.waiting[key]
        future = self.waiting[key] = asyncio.get_running_loop().create_future()
        try:
            result = await read_key(key)
        except BaseException as error:
            future.set_exception(error)
            future.exception()  # nobody may be waiting for it
            raise
        else:
            future.set_result(result)
            return result
        finally:
            del self.waiting[key]

    async def write(self, user_id, write_key):
        row = await write_key(f"user:{user_id}:v{int(await self.redis.get(f'generation:{user_id}') or 0)}")
        async with self.redis.pipeline() as pipeline:
            await pipeline.incr(f"generation:{user_id}").expire(f"generation:{user_id}", 3000).execute()
        return row
