"""The cursor is an offset in disguise.
exercise: feed
check: test_feed_survives_inserts
cause: an offset by another name
"""


def encode_cursor(shown):
    return base64.urlsafe_b64encode(str(shown).encode()).decode()


def decode_cursor(cursor):
    try:
        shown = int(base64.urlsafe_b64decode(cursor))
    except ValueError:
        raise HTTPException(422, "this is no cursor") from None
    if not 0 < shown < 2**63:
        raise HTTPException(422, "this is no cursor")
    return shown


async def read_feed(session, limit, cursor):
    shown = decode_cursor(cursor) if cursor is not None else 0
    statement = select(OrderRow).order_by(OrderRow.created_at.desc(), OrderRow.id.desc())
    rows = (await session.scalars(statement.limit(limit + 1).offset(shown))).all()
    return {"items": rows[:limit], "next_cursor": encode_cursor(shown + limit) if len(rows) > limit else None}
