"""Page numbers outside, a keyset inside: find the last row of the page before, then go on after it.
exercise: page_of_users
"""


from sqlalchemy import and_, or_

def envelope(items, total, page, page_size):
    return {
        "items": items,
        "total": total,
        "page": page,
        "page_size": page_size,
        "total_pages": -(-total // page_size),
    }


async def list_users(session, page, page_size):
    total = await session.scalar(select(func.count(UserRow.id)))
    statement = select(UserRow).order_by(UserRow.created_at.desc(), UserRow.id.desc())
    if page > 1:
        keys = select(UserRow.created_at, UserRow.id).order_by(UserRow.created_at.desc(), UserRow.id.desc())
        boundary = (await session.execute(keys.limit(1).offset((page - 1) * page_size - 1))).first()
        if boundary is None:
            return envelope([], total, page, page_size)
        time, number = boundary
        earlier = or_(UserRow.created_at < time, and_(UserRow.created_at == time, UserRow.id < number))
        statement = statement.where(earlier)
    rows = await session.scalars(statement.limit(page_size))
    return envelope(rows.all(), total, page, page_size)
