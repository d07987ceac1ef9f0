"""All users are loaded, and the page is cut in Python.
exercise: page_of_users
check: test_only_the_page_is_loaded
cause: Let the database cut
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
    rows = (await session.scalars(select(UserRow))).all()
    newest_first = sorted(rows, key=lambda row: (row.created_at, row.id), reverse=True)
    begin = (page - 1) * page_size
    return envelope(newest_first[begin : begin + page_size], len(rows), page, page_size)
