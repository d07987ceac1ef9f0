"""Every read makes sure that the user still exists.

exercise: truth_and_copy
check: test_copy_answers_without_the_database
cause: the database was asked all the same
"""


async def read_user(resources, user_id):
    async with resources.sessions() as session:
        row = await Users(session).get(user_id)

        async def load():
            return row

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
