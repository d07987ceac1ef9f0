"""A list, without an envelope.
exercise: page_of_users
check: test_envelope
cause: The answer is a bare list
"""


from fastapi.responses import JSONResponse


def envelope(items, total, page, page_size):
    return JSONResponse([User.model_validate(item).model_dump() for item in items])


async def list_users(session, page, page_size):
    total = await session.scalar(select(func.count()).select_from(UserRow))
    newest_first = select(UserRow).order_by(UserRow.created_at.desc(), UserRow.id.desc())
    rows = await session.scalars(newest_first.limit(page_size).offset((page - 1) * page_size))
    return envelope(rows.all(), total, page, page_size)
