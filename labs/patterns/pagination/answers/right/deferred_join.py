"""Cuts a list of ids in a subquery and joins the rows to it, with a raised floor for the pages.
exercise: page_of_users
"""


import math


def envelope(items, total, page, page_size):
    return Page(items=items, total=total, page=page, page_size=page_size, total_pages=math.ceil(total / page_size))


async def list_users(session, page, page_size):
    order = (UserRow.created_at.desc(), UserRow.id.desc())
    total = (await session.execute(select(func.count(UserRow.id.distinct())))).scalar_one()
    first = (page - 1) * page_size
    ids = select(UserRow.id).order_by(*order).slice(first, first + page_size).subquery()
    rows = (await session.scalars(select(UserRow).join(ids, ids.c.id == UserRow.id).order_by(*order))).all()
    users = [User.model_validate(row) for row in rows]
    return envelope(users, total, page, page_size)
