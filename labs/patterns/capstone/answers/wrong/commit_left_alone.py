"""A deadline around a shielded write: the write goes on without its caller.

exercise: truth_and_copy
check: test_refused_commit
cause: stopped waiting for a COMMIT that went on
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
    async def transaction():
        async with resources.sessions.begin() as session:
            users = await work(session)
        for user in users:
            with suppress(*AWAY):
                await resources.copies.drop(user.id)
        return users

    try:
        return await asyncio.wait_for(asyncio.shield(transaction()), 0.3)
    except TimeoutError:
        raise Unavailable from None
