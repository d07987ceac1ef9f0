"""The filter holds for the total, not for the rows.
exercise: page_of_orders
check: test_filter_counts
cause: does not reach the statement for the rows
"""


async def list_orders(session, status, page, page_size):
    wanted = select(OrderRow)
    if status is not None:
        wanted = wanted.where(OrderRow.status == status)
    total = await session.scalar(select(func.count()).select_from(wanted.subquery()))
    newest_first = select(OrderRow).order_by(OrderRow.created_at.desc(), OrderRow.id.desc())
    rows = await session.scalars(newest_first.limit(page_size).offset((page - 1) * page_size))
    return envelope(rows.all(), total, page, page_size)
