"""Orders, quotes and the rest."""

import asyncio
import base64
import contextlib
import hashlib
import json
import re
import struct
from urllib.parse import quote

from .logs import event
from .rules import card, count, members, text
from .storage import fetch, now
from .users import page
from .wire import LARGEST, Answer, Failure, invalid

__all__ = ["Shop"]

COLUMNS = "id, user_id, item, amount, status, created_at"


class Shop:
    def __init__(self, env, storage, downstream):
        self.storage, self.downstream = storage, downstream
        self.about_it = {"service": env.get("SERVICE_NAME", "bare"), "version": env.get("APP_VERSION", "none")}
        self.errands: set[asyncio.Task] = set()

    def routes(self):
        return {
            "POST /orders": self.create,
            "GET /orders": self.several,
            "GET /orders/feed": self.feed,
            "GET /orders/{id}": self.show,
            "POST /orders/{id}/pay": self.pay,
            "POST /orders/{id}/notify": self.notify,
            "GET /quotes/{item}": self.quote,
            "GET /about": self.about,
            "GET /admin/summary": self.summary,
        }

    async def close(self):
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*self.errands, return_exceptions=True), 1)

    async def create(self, request):
        body = members(request.json(), user_id=count(-(10**400), 10**400), item=text(1, 300), amount=count(1))
        if not 0 <= body["user_id"] <= LARGEST:
            raise Failure(404)
        sql = f"""INSERT INTO orders (user_id, item, amount, status, created_at)
                  SELECT id, ?, ?, 'open', ? FROM users WHERE id = ? RETURNING {COLUMNS}"""
        async with self.storage.writing() as connection:
            rows = await fetch(connection, sql, body["item"], body["amount"], now(), body["user_id"])
        if not rows:
            raise Failure(404, "user_id: nobody's")
        order = rows[0]
        event("info", "order_created", fields={"order_id": order["id"], **{k: order[k] for k in ("user_id", "amount")}})
        return Answer(order, 201)

    async def find(self, number):
        rows = await self.storage.rows(f"SELECT {COLUMNS} FROM orders WHERE id = ?", number)
        if not rows:
            raise Failure(404)
        return rows[0]

    async def show(self, request):
        order = await self.find(request.id())
        event("info", "order_viewed", fields={"order_id": order["id"]})
        return Answer(order)

    async def several(self, request):
        if "status" not in request.query:
            return await page(self.storage, request, "orders", COLUMNS)
        return await page(
            self.storage, request, "orders", COLUMNS, condition="status = ?", values=(request.query["status"],)
        )

    async def feed(self, request):
        limit = request.number("limit", 20, 100)
        condition, values = "1", ()
        if (cursor := request.query.get("cursor")) is not None:
            condition, values = "(created_at, id) < (?, ?)", self.place(cursor)
        sql = f"SELECT {COLUMNS} FROM orders WHERE {condition} ORDER BY created_at DESC, id DESC LIMIT ?"
        rows = await self.storage.rows(sql, *values, limit + 1)
        following = None
        if len(rows) > limit:
            last = rows[limit - 1]
            packed = struct.pack(">q", last["id"]) + last["created_at"].encode()
            following = base64.urlsafe_b64encode(hashlib.sha256(packed).digest()[:4] + packed).decode().rstrip("=")
        return Answer({"items": rows[:limit], "next_cursor": following})

    @staticmethod
    def place(cursor):
        try:
            raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), b"-_", validate=True)
            if hashlib.sha256(raw[4:]).digest()[:4] != raw[:4]:
                raise ValueError
            return raw[12:].decode(), struct.unpack(">q", raw[4:12])[0]
        except (ValueError, struct.error):
            raise invalid("cursor: none of ours") from None

    async def pay(self, request):
        number, body = request.id(), members(request.json(), strict=False, card_number=card)
        order = await self.find(number)
        if order["status"] == "paid":
            raise Failure(409, "paid already")
        own = hashlib.sha256(f"{order['id']} {order['user_id']} {order['created_at']}".encode()).hexdigest()[:40]
        given = request.headers.get("idempotency-key", "")
        key = given if re.fullmatch("[!-~]{1,200}", given) else own
        try:
            if body["card_number"].strip().endswith("0002"):
                raise Failure(402)
            await self.downstream.ask("POST", "/payments", {"order_id": number, "amount": order["amount"]}, key)
        except Failure as failure:
            event("error", "payment_failed", failure, {"order_id": number})
            failure.told = True
            raise
        async with self.storage.writing() as connection:
            sql = f"UPDATE orders SET status = 'paid' WHERE id = ? AND status != 'paid' RETURNING {COLUMNS}"
            rows = await fetch(connection, sql, number)
        if not rows:
            raise Failure(409, "paid already")
        event("info", "order_paid", fields={"order_id": number})
        return Answer(rows[0])

    async def notify(self, request):
        order = await self.find(request.id())
        errand = asyncio.create_task(self.send_notice(order["id"]))
        self.errands.add(errand)
        errand.add_done_callback(self.errands.discard)
        return Answer({"status": "on its way"}, 202)

    async def send_notice(self, number):
        try:
            await self.downstream.ask("POST", "/notifications", {"order_id": number}, once=True)
        except Failure as failure:
            event("error", "notice_not_sent", failure, {"order_id": number})

    async def quote(self, request):
        item = request.parts[0]
        if set(item) == {"."}:
            raise Failure(404)
        response = await self.downstream.ask("GET", "/quotes/" + quote(item, safe=""))
        try:
            price = json.loads(response.content)["price"]
        except (ValueError, TypeError, LookupError, RecursionError):
            price = None
        if isinstance(price, bool) or not isinstance(price, (int, float)) or not 0 <= price < 10**15:
            raise Failure(502)
        return Answer({"item": item, "price": price})

    async def about(self, _request):
        return Answer(self.about_it)

    async def summary(self, _request):
        sql = "SELECT (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM orders) AS orders"
        return Answer((await self.storage.rows(sql))[0])
