"""Sorted by id, because a higher id is newer, isn't it?
exercise: page_of_users
check: test_envelope
cause: Sorted by id alone
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
    newest_first = select(UserRow).order_by(UserRow.id.desc())
    rows = await session.scalars(newest_first.limit(page_size).offset((page - 1) * page_size))
    return envelope(rows.all(), total, page, page_size)
