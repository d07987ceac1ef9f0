"""The envelope is written in camel case.
exercise: page_of_users
check: test_envelope
cause: The envelope lacks page_size, total_pages
"""


from fastapi.responses import JSONResponse


def envelope(items, total, page, page_size):
    users = [User.model_validate(item).model_dump() for item in items]
    pages = -(-total // page_size)
    return JSONResponse({"items": users, "total": total, "page": page, "pageSize": page_size, "totalPages": pages})


async def list_users(session, page, page_size):
    total = await session.scalar(select(func.count()).select_from(UserRow))
    newest_first = select(UserRow).order_by(UserRow.created_at.desc(), UserRow.id.desc())
    rows = await session.scalars(newest_first.limit(page_size).offset((page - 1) * page_size))
    return envelope(rows.all(), total, page, page_size)
