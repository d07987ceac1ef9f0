"""LIMIT without OFFSET: everything up to the page is loaded.
exercise: page_of_users
check: test_only_the_page_is_loaded
cause: everything up to this page
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
    rows = await session.scalars(newest_first.limit(page * page_size))
    return envelope(rows.all()[(page - 1) * page_size :], total, page, page_size)
