"""A full page is taken for the last one.
exercise: feed
check: test_feed_shows_all
cause: ends too early
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
    key = tuple_(OrderRow.created_at, OrderRow.id)
    statement = select(OrderRow).order_by(OrderRow.created_at.desc(), OrderRow.id.desc())
    if cursor is not None:
        statement = statement.where(key < decode_cursor(cursor))
    rows = (await session.scalars(statement.limit(limit))).all()
    more = len(rows) > limit
    return {"items": rows[:limit], "next_cursor": encode_cursor(rows[limit - 1]) if more else None}
