"""After the first failure no copy is dropped any more.

exercise: truth_and_copy
check: test_storm
cause: must not be remembered
"""


async def read_user(resources, user_id):
    async def load():
        async with resources.sessions() as session:
            return await Users(session).get(user_id)

    user = await resources.copies.read(user_id, load)
    if user is None:
        raise NotFound("There is no such user.")
    return user


GIVEN_UP = set()


async def write_users(resources, work):
    async with resources.sessions.begin() as session:
        users = await work(session)
    if id(resources) in GIVEN_UP:
        return users
    try:
        for user in users:
            await resources.copies.drop(user.id)
    except AWAY:
        GIVEN_UP.add(id(resources))
    return users
