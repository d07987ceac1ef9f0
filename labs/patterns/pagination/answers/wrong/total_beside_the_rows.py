"""`count(*) OVER ()` only: an empty page has no row to take it from.
exercise: page_of_users
check: test_beyond_the_end_is_empty
cause: comes from the rows of the page
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
    newest_first = select(UserRow, func.count().over()).order_by(UserRow.created_at.desc(), UserRow.id.desc())
    found = (await session.execute(newest_first.limit(page_size).offset((page - 1) * page_size))).all()
    return envelope([row for row, _ in found], found[0][1] if found else 0, page, page_size)
