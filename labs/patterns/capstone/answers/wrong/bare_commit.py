"""`session.commit()`, and nobody rolls back when it fails.

exercise: truth_and_copy
check: test_refused_commit
cause: a bare session.commit() doesn't
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
    async with resources.sessions() as session:
        users = await work(session)
        await session.commit()
    for user in users:
        with suppress(*AWAY):
            await resources.copies.drop(user.id)
    return users
