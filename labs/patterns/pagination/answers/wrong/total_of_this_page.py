"""`total` is the number of rows on this page.
exercise: page_of_users
check: test_envelope
cause: the number of rows on this page
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
    newest_first = select(UserRow).order_by(UserRow.created_at.desc(), UserRow.id.desc())
    rows = await session.scalars(newest_first.limit(page_size).offset((page - 1) * page_size))
    users = rows.all()
    return envelope(users, len(users), page, page_size)
