"""The cursor's parts are not checked, and a number that is too large reaches the driver.
exercise: feed
check: test_forged_cursor_is_refused
cause: check the type and size
"""


KEY = TypeAdapter(tuple[str, int])


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
    rows = (await session.scalars(statement.limit(limit + 1))).all()
    more = len(rows) > limit
    return {"items": rows[:limit], "next_cursor": encode_cursor(rows[limit - 1]) if more else None}
