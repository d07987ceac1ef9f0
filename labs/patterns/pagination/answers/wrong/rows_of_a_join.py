"""Users are joined with their orders, and the join's rows are paged.
exercise: page_of_users
check: test_every_user_once
cause: the rows of a join are paged
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
    newest_first = select(UserRow).outerjoin(OrderRow, OrderRow.user_id == UserRow.id).order_by(UserRow.created_at.desc(), UserRow.id.desc())
    rows = await session.scalars(newest_first.limit(page_size).offset((page - 1) * page_size))
    return envelope(rows.all(), total, page, page_size)
