"""The page is cut first and filtered then.
exercise: page_of_orders
check: test_filter_counts
cause: filter first
"""


async def list_orders(session, status, page, page_size):
    newest_first = select(OrderRow).order_by(OrderRow.created_at.desc(), OrderRow.id.desc())
    rows = (await session.scalars(newest_first.limit(page_size).offset((page - 1) * page_size))).all()
    if status is None:
        total = await session.scalar(select(func.count()).select_from(OrderRow))
        return envelope(rows, total, page, page_size)
    matching = [row for row in rows if row.status == status]
    total = await session.scalar(select(func.count()).select_from(OrderRow).where(OrderRow.status == status))
    return envelope(matching, total, page, page_size)
