"""Redis is away, and the write that is committed fails.

exercise: truth_and_copy
check: test_write_without_redis
cause: dropping the copy raised, after the commit
"""


async def read_user(resources, user_id):
    async def load():
        async with resources.sessions() as session:
            return await Users(session).get(user_id)

    user = await resources.copies.read(user_id, load)
    if user is None:
        raise NotFound("There is no such user.")
    return user


async def write_users(resources, work):
    async with resources.sessions.begin() as session:
        users = await work(session)
    for user in users:
        await resources.copies.drop(user.id)
    return users
