"""The page is cut by the database, but the rows are loaded to be counted.
exercise: page_of_users
check: test_only_the_page_is_loaded
cause: count(*) for the total
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
    total = len((await session.scalars(select(UserRow))).all())
    newest_first = select(UserRow).order_by(UserRow.created_at.desc(), UserRow.id.desc())
    rows = await session.scalars(newest_first.limit(page_size).offset((page - 1) * page_size))
    return envelope(rows.all(), total, page, page_size)
