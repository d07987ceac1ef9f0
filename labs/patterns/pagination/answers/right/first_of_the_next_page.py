"""The cursor is the key of the first order of the next page, and the feed goes on *at* it.
exercise: feed
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
    statement = select(OrderRow).order_by(OrderRow.created_at.desc(), OrderRow.id.desc()).limit(limit + 1)
    if cursor is not None:
        statement = statement.where(tuple_(OrderRow.created_at, OrderRow.id) <= decode_cursor(cursor))
    rows = (await session.scalars(statement)).all()
    return {"items": rows[:limit], "next_cursor": encode_cursor(rows[limit]) if rows[limit:] else None}
