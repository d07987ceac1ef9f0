"""SQL as text with parameters, without the ORM; the feed's condition spelled out with OR.
"""
# %% page_of_users
from sqlalchemy import text


def envelope(items, total, page, page_size):
    pages, rest = divmod(total, page_size)
    return Page(items=items, total=total, page=page, page_size=page_size, total_pages=pages + bool(rest)).model_dump()


async def fetch(session, sql, **values):
    return [dict(row) for row in (await session.execute(text(sql), values)).mappings()]


async def list_users(session, page, page_size):
    counted = await fetch(session, "SELECT count(*) AS n FROM users")
    rows = await fetch(
        session,
        "SELECT id, name, email FROM users ORDER BY created_at DESC, id DESC LIMIT :size OFFSET :skip",
        size=page_size,
        skip=(page - 1) * page_size,
    )
    return envelope(rows, counted[0]["n"], page, page_size)


# %% page_of_orders
async def list_orders(session, status, page, page_size):
    where = "WHERE :status IS NULL OR status = :status"
    counted = await fetch(session, f"SELECT count(*) AS n FROM orders {where}", status=status)
    rows = await fetch(
        session,
        f"SELECT * FROM orders {where} ORDER BY created_at DESC, id DESC LIMIT :size OFFSET :skip",
        status=status,
        size=page_size,
        skip=(page - 1) * page_size,
    )
    return envelope(rows, counted[0]["n"], page, page_size)


# %% feed
def encode_cursor(order):
    return f"{order['created_at']}~{order['id']}"


def decode_cursor(cursor):
    time, _, number = cursor.rpartition("~")
    if not time or not number.isdecimal() or len(number) > 18 or not time.isprintable():
        raise HTTPException(422, "this is no cursor")
    return time, int(number)


async def read_feed(session, limit, cursor):
    time, number = decode_cursor(cursor) if cursor is not None else ("9999", 0)
    rows = await fetch(
        session,
        """
        SELECT * FROM orders WHERE created_at < :time OR created_at = :time AND id < :number
        ORDER BY created_at DESC, id DESC LIMIT :limit
        """,
        time=time,
        number=number,
        limit=limit + 1,
    )
    return {"items": rows[:limit], "next_cursor": encode_cursor(rows[limit - 1]) if rows[limit:] else None}
