"""The user of the moment is kept where all requests find it.

exercise: truth_and_copy
check: test_storm
cause: another user's data
"""


CURRENT = {}


async def read_user(resources, user_id):
    async def load():
        async with resources.sessions() as session:
            return await Users(session).get(user_id)

    CURRENT["user"] = await resources.copies.read(user_id, load)
    await asyncio.sleep(0.002)  # an audit, a metric, anything that awaits
    if CURRENT["user"] is None:
        raise NotFound("There is no such user.")
    return CURRENT["user"]


async def write_users(resources, work):
    async with resources.sessions.begin() as session:
        users = await work(session)
    for user in users:
        with suppress(*AWAY):
            await resources.copies.drop(user.id)
    return users
