"""A signed cursor, which nobody can forge or change.
exercise: feed
"""


import hashlib
import hmac
import json

from sqlalchemy import and_, or_


def sign(content):
    return hmac.new(os.environ["API_KEY"].encode(), content, hashlib.sha256).hexdigest()[:32]


def encode_cursor(order):
    content = json.dumps({"t": order.created_at, "i": order.id}).encode()
    return content.hex() + "." + sign(content)


def decode_cursor(cursor):
    packed, _, signature = cursor.partition(".")
    try:
        content = bytes.fromhex(packed)
    except ValueError:
        raise HTTPException(422, "this is no cursor") from None
    if not hmac.compare_digest(sign(content).encode(), signature.encode()):
        raise HTTPException(422, "this is no cursor")
    return json.loads(content)


async def read_feed(session, limit, cursor):
    statement = select(OrderRow).order_by(OrderRow.created_at.desc(), OrderRow.id.desc()).limit(limit + 1)
    if cursor is not None:
        last = decode_cursor(cursor)
        same = and_(OrderRow.created_at == last["t"], OrderRow.id < last["i"])
        statement = statement.where(or_(OrderRow.created_at < last["t"], same))
    orders = list(await session.scalars(statement))
    if len(orders) <= limit:
        return {"items": orders, "next_cursor": None}
    orders.pop()
    return {"items": orders, "next_cursor": encode_cursor(orders[-1])}
