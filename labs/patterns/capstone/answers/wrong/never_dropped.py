"""Copies go when their time is up.

exercise: truth_and_copy
check: test_a_users_life
cause: still answers the old copy
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
        return await work(session)
