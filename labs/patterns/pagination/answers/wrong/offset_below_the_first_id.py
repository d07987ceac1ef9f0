"""An offset, and the highest id of the beginning to leave later orders out: rows that go still move the rest.
exercise: feed
check: test_feed_survives_deletions
cause: an offset by another name
"""


KEY = TypeAdapter(tuple[Annotated[int, Field(ge=0, lt=2**62)], Annotated[int, Field(ge=0, lt=2**63)]])


def encode_cursor(shown, highest):
    return base64.urlsafe_b64encode(KEY.dump_json((shown, highest))).decode()


def decode_cursor(cursor):
    try:
        return KEY.validate_json(base64.urlsafe_b64decode(cursor))
    except ValueError:
        raise HTTPException(422, "this is no cursor") from None


async def read_feed(session, limit, cursor):
    if cursor is None:
        shown, highest = 0, await session.scalar(select(func.coalesce(func.max(OrderRow.id), 0)))
    else:
        shown, highest = decode_cursor(cursor)
    statement = select(OrderRow).where(OrderRow.id <= highest)
    statement = statement.order_by(OrderRow.created_at.desc(), OrderRow.id.desc())
    rows = (await session.scalars(statement.limit(limit + 1).offset(shown))).all()
    return {"items": rows[:limit], "next_cursor": encode_cursor(shown + limit, highest) if len(rows) > limit else None}
