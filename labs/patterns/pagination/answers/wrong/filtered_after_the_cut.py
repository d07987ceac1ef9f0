"""The page is cut first and filtered then, and all orders are counted.

exercise: page_of_orders
check: test_filter_counts
cause: filter first
"""


async def list_orders(session, status, page, page_size):
    total = await session.scalar(select(func.count()).select_from(OrderRow))
    newest_first = select(OrderRow).order_by(OrderRow.created_at.desc(), OrderRow.id.desc())
    rows = (await session.scalars(newest_first.limit(page_size).offset((page - 1) * page_size))).all()
    return envelope([row for row in rows if status in (None, row.status)], total, page, page_size)
