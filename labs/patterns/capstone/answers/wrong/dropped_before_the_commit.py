"""The copies are dropped inside of the transaction.

exercise: truth_and_copy
check: test_copy_goes_after_the_commit
cause: the copies were dropped before the commit
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
            with suppress(*AWAY):
                await resources.copies.drop(user.id)
    return users
