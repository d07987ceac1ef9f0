"""A page beyond the end is an error.
exercise: page_of_users
check: test_beyond_the_end_is_empty
cause: is not an error
"""


def envelope(items, total, page, page_size):
    return {
        "items": items,
        "total": total,
        "page": page,
        "page_size": page_size,
        "total_pages": -(-total // page_size),
    }


async def list_users(session, page, page_size):
    total = await session.scalar(select(func.count()).select_from(UserRow))
    newest_first = select(UserRow).order_by(UserRow.created_at.desc(), UserRow.id.desc())
    rows = await session.scalars(newest_first.limit(page_size).offset((page - 1) * page_size))
    users = rows.all()
    if page > 1 and not users:
        raise HTTPException(404, "no such page")
    return envelope(users, total, page, page_size)
