"""One statement for the rows and the total, `count(*) OVER ()`; a second one only when the page is empty.
"""
# %% page_of_users
def envelope(items, total, page, page_size):
    return {
        "items": items,
        "total": total,
        "page": page,
        "page_size": page_size,
        "total_pages": -(-total // page_size),
    }


async def cut(session, model, page, page_size, *conditions):
    newest_first = (model.created_at.desc(), model.id.desc())
    statement = select(model, func.count().over()).where(*conditions).order_by(*newest_first)
    found = (await session.execute(statement.limit(page_size).offset((page - 1) * page_size))).all()
    if found:
        total = found[0][1]
    else:
        total = await session.scalar(select(func.count()).select_from(model).where(*conditions))
    return envelope([row for row, _ in found], total, page, page_size)


async def list_users(session, page, page_size):
    return await cut(session, UserRow, page, page_size)


# %% page_of_orders
async def list_orders(session, status, page, page_size):
    conditions = [] if status is None else [OrderRow.status == status]
    return await cut(session, OrderRow, page, page_size, *conditions)
