"""`page` has no upper bound: a page beyond the end is empty without asking the database.
"""
# %% bounds
def page_number():
    return Query(1, ge=1)


def size():
    return Query(20, ge=1, le=100)


# %% page_of_users
def envelope(items, total, page, page_size):
    return {
        "items": items,
        "total": total,
        "page": page,
        "page_size": page_size,
        "total_pages": -(-total // page_size),
    }


async def cut(session, wanted, model, page, page_size):
    total = await session.scalar(select(func.count()).select_from(wanted.subquery()))
    begin = (page - 1) * page_size
    if begin >= total:
        return envelope([], total, page, page_size)
    rows = await session.scalars(
        wanted.order_by(model.created_at.desc(), model.id.desc()).offset(begin).limit(page_size)
    )
    return envelope(rows.all(), total, page, page_size)


async def list_users(session, page, page_size):
    return await cut(session, select(UserRow), UserRow, page, page_size)


# %% page_of_orders
async def list_orders(session, status, page, page_size):
    wanted = select(OrderRow) if status is None else select(OrderRow).filter_by(status=status)
    return await cut(session, wanted, OrderRow, page, page_size)
