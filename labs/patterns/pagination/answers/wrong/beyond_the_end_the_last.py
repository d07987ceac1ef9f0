"""A page beyond the end is the last one once more.
exercise: page_of_users
check: test_beyond_the_end_is_empty
cause: clamped to the last page
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
    last = max(1, -(-total // page_size))
    newest_first = select(UserRow).order_by(UserRow.created_at.desc(), UserRow.id.desc())
    rows = await session.scalars(newest_first.limit(page_size).offset((min(page, last) - 1) * page_size))
    return envelope(rows.all(), total, page, page_size)
