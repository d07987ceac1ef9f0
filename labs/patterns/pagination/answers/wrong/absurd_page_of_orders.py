"""Users answer an empty page for an absurd number, orders ask the database.

check: test_orders_have_the_same_bounds
cause: does not fit into the 64 bits
"""


# %% bounds
def page_number():
    return Query(1, ge=1)


def size():
    return Query(20, ge=1, le=100)


# %% page_of_users
def envelope(items, total, page, page_size):
    total_pages = -(-total // page_size)
    return {"items": items, "total": total, "page": page, "page_size": page_size, "total_pages": total_pages}


async def list_users(session, page, page_size):
    total = await session.scalar(select(func.count()).select_from(UserRow))
    if (page - 1) * page_size >= total:
        return envelope([], total, page, page_size)
    newest_first = select(UserRow).order_by(UserRow.created_at.desc(), UserRow.id.desc())
    rows = await session.scalars(newest_first.limit(page_size).offset((page - 1) * page_size))
    return envelope(rows.all(), total, page, page_size)
