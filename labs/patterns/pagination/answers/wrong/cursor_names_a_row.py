"""The cursor is an id, whose time is looked up.
exercise: feed
check: test_feed_survives_deletions
cause: looked up in a row that is gone
"""


def encode_cursor(order):
    return str(order.id)


def decode_cursor(cursor):
    if not cursor.isascii() or not cursor.isdigit() or not 0 < int(cursor[:30]) < 2**63:
        raise HTTPException(422, "this is no cursor")
    return int(cursor)


async def read_feed(session, limit, cursor):
    statement = select(OrderRow).order_by(OrderRow.created_at.desc(), OrderRow.id.desc())
    if cursor is not None:
        time = select(OrderRow.created_at).where(OrderRow.id == decode_cursor(cursor)).scalar_subquery()
        statement = statement.where(tuple_(OrderRow.created_at, OrderRow.id) < tuple_(time, decode_cursor(cursor)))
    rows = (await session.scalars(statement.limit(limit + 1))).all()
    return {"items": rows[:limit], "next_cursor": encode_cursor(rows[limit - 1]) if len(rows) > limit else None}
