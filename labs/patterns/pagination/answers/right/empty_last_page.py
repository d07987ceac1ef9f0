"""Knows the end by a page that is not full, so that the last page may be empty.
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
    statement = select(OrderRow).order_by(OrderRow.created_at.desc(), OrderRow.id.desc()).limit(limit)
    if cursor is not None:
        time, number = decode_cursor(cursor)
        statement = statement.where(
            OrderRow.created_at <= time, (OrderRow.created_at < time) | (OrderRow.id < number)
        )
    rows = (await session.scalars(statement)).all()
    return {"items": rows, "next_cursor": encode_cursor(rows[-1]) if len(rows) == limit else None}
