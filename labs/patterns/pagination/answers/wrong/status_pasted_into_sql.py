"""The filter's value is pasted into the statement.
exercise: page_of_orders
check: test_filter_is_data
cause: was read as SQL
"""


from sqlalchemy import text


async def list_orders(session, status, page, page_size):
    where = f"WHERE status = '{status}'" if status is not None else ""
    total = await session.scalar(text(f"SELECT count(*) FROM orders {where}"))
    sql = f"SELECT * FROM orders {where} ORDER BY created_at DESC, id DESC LIMIT {page_size} OFFSET {(page - 1) * page_size}"
    rows = (await session.execute(text(sql))).mappings().all()
    return envelope(rows, total, page, page_size)
