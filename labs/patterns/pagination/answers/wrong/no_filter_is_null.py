"""Without a filter, `status = NULL`.
exercise: page_of_orders
check: test_all_orders_without_a_filter
cause: which no row matches
"""


async def list_orders(session, status, page, page_size):
    wanted = select(OrderRow)
    wanted = wanted.where(OrderRow.status == status)
    total = await session.scalar(select(func.count()).select_from(wanted.subquery()))
    newest_first = wanted.order_by(OrderRow.created_at.desc(), OrderRow.id.desc())
    rows = await session.scalars(newest_first.limit(page_size).offset((page - 1) * page_size))
    return envelope(rows.all(), total, page, page_size)
