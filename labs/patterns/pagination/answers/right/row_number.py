"""Numbers the rows with `row_number()` and asks for those between two numbers.
exercise: page_of_orders
"""


from sqlalchemy.orm import aliased


async def list_orders(session, status, page, page_size):
    newest_first = func.row_number().over(order_by=(OrderRow.created_at.desc(), OrderRow.id.desc()))
    wanted = [OrderRow.status == status] if status is not None else []
    numbered = select(OrderRow, newest_first.label("place")).where(*wanted).subquery()
    order = aliased(OrderRow, numbered)
    last = page * page_size
    page_of_it = select(order).where(numbered.c.place > last - page_size, numbered.c.place <= last)
    rows = (await session.scalars(page_of_it.order_by(numbered.c.place))).all()
    total = await session.scalar(select(func.count(OrderRow.id)).where(*wanted))
    return envelope(rows, total, page, page_size)
