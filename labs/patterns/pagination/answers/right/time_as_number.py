"""Packs the time as microseconds since 1970 and the id into one number.
exercise: feed
"""


from datetime import UTC, datetime, timedelta

BEGIN = datetime(1970, 1, 1, tzinfo=UTC)


def encode_cursor(order):
    time = datetime.fromisoformat(order.created_at).replace(tzinfo=UTC)
    return f"{(time - BEGIN) // timedelta(microseconds=1)}-{order.id}"


def decode_cursor(cursor):
    try:
        microseconds, number = (int(part) for part in cursor.split("-"))
        time = BEGIN + timedelta(microseconds=microseconds)
    except (ValueError, OverflowError):
        raise HTTPException(422, "this is no cursor") from None
    if not 0 < number < 2**63:
        raise HTTPException(422, "this is no cursor")
    return time.strftime("%Y-%m-%d %H:%M:%S.%f"), number


async def read_feed(session, limit, cursor):
    statement = select(OrderRow).order_by(OrderRow.created_at.desc(), OrderRow.id.desc())
    if cursor is not None:
        statement = statement.where(tuple_(OrderRow.created_at, OrderRow.id) < decode_cursor(cursor))
    rows = (await session.scalars(statement.limit(limit + 1))).all()
    return {"items": rows[:limit], "next_cursor": encode_cursor(rows[limit - 1]) if len(rows) > limit else None}
