"""The whole feed is loaded, and cut in Python.
exercise: feed
check: test_feed_loads_its_page
cause: Let the database cut
"""


KEY = TypeAdapter(tuple[str, Annotated[int, Field(ge=1, lt=2**63)]])


def encode_cursor(order):
    return base64.urlsafe_b64encode(KEY.dump_json((order.created_at, order.id))).decode()


def decode_cursor(cursor):
    try:
        return KEY.validate_json(base64.urlsafe_b64decode(cursor))
    except ValueError:
        raise HTTPException(422, "this is no cursor") from None


async def read_feed(session, limit, cursor):
    statement = select(OrderRow).order_by(OrderRow.created_at.desc(), OrderRow.id.desc())
    rows = (await session.scalars(statement)).all()
    if cursor is not None:
        last = decode_cursor(cursor)
        rows = [row for row in rows if (row.created_at, row.id) < last]
    more = len(rows) > limit
    return {"items": rows[:limit], "next_cursor": encode_cursor(rows[limit - 1]) if more else None}
