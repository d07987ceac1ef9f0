"""Of an import only the first user's copy is dropped.

exercise: truth_and_copy
check: test_nobody_becomes_somebody
cause: a remembered absence says
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
    with suppress(*AWAY):
        await resources.copies.drop(users[0].id)
    return users
