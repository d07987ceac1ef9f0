"""All orders are loaded, filtered and cut in Python.
exercise: page_of_orders
check: test_only_the_page_of_orders_is_loaded
cause: Let the database cut
"""


async def list_orders(session, status, page, page_size):
    newest_first = select(OrderRow).order_by(OrderRow.created_at.desc(), OrderRow.id.desc())
    rows = [row for row in await session.scalars(newest_first) if status in (None, row.status)]
    begin = (page - 1) * page_size
    return envelope(rows[begin : begin + page_size], len(rows), page, page_size)
