"""The routes."""

import asyncio
import base64
import contextlib
import json
import logging
import re
import uuid
from urllib.parse import quote

from sqlalchemy import exc, func, literal, select
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .cache import UserCache
from .downstream import Downstream
from .drills import Drills
from .errors import Problem, unfit
from .health import Health
from .intake import BIGGEST, NEW_USER, ORDER, USER, body_of, card, fitting, id_of, number
from .logs import say
from .tables import ORDER_COLUMNS, USER_COLUMNS, database, hashed, now, orders, users


class Shop:
    def __init__(self, settings):
        self.settings = settings
        self.engine = database(settings.database_url, 1.8)
        self.cache = UserCache(settings.redis_url, self.load_user)
        self.downstream = Downstream(settings)
        self.health = Health(settings)

    @contextlib.asynccontextmanager
    async def lifespan(self, _app):
        starting = asyncio.create_task(self.health.start())
        yield
        starting.cancel()
        await asyncio.gather(starting, *self.cache.flights.values(), return_exceptions=True)
        for close in (
            self.downstream.client.aclose,
            self.cache.client.aclose,
            self.health.client.aclose,
            self.engine.dispose,
            self.health.engine.dispose,
        ):
            with contextlib.suppress(Exception):
                await close()

    def routes(self):
        routes = [
            Route("/users", self.create_user, methods=["POST"]),
            Route("/users", self.list_users, methods=["GET"]),
            Route("/users/import", self.import_users, methods=["POST"]),
            Route("/users/{id}", self.show_user, methods=["GET"]),
            Route("/users/{id}", self.change_user, methods=["PUT"]),
            Route("/users/{id}", self.delete_user, methods=["DELETE"]),
            Route("/users/{id}/orders", self.orders_of_user, methods=["GET"]),
            Route("/customers", self.customers, methods=["GET"]),
            Route("/orders", self.create_order, methods=["POST"]),
            Route("/orders", self.list_orders, methods=["GET"]),
            Route("/orders/feed", self.feed, methods=["GET"]),
            Route("/orders/{id}", self.show_order, methods=["GET"]),
            Route("/orders/{id}/pay", self.pay, methods=["POST"]),
            Route("/orders/{id}/notify", self.notify, methods=["POST"]),
            Route("/quotes/{item}", self.quote, methods=["GET"]),
            Route("/about", self.about, methods=["GET"]),
            Route("/admin/summary", self.summary, methods=["GET"]),
            Route("/health/live", self.health.live, methods=["GET"]),
            Route("/health/ready", self.health.ready, methods=["GET"]),
            Route("/health/startup", self.health.startup, methods=["GET"]),
            Route("/health/drain", self.health.drain, methods=["POST"]),
        ]
        routes += Drills(self.engine).routes()
        return one_for_each_path(routes)

    # users

    async def load_user(self, user_id: int) -> dict | None:
        async with self.engine.begin() as connection:
            row = (await connection.execute(select(*USER_COLUMNS).where(users.c.id == user_id))).mappings().first()
        return dict(row) if row else None

    async def store_users(self, wanted: list[dict]) -> list[dict]:
        hashes = [await asyncio.to_thread(hashed, user["password"]) for user in wanted]
        stored = []
        try:
            async with self.engine.begin() as connection:
                for user, secret in zip(wanted, hashes, strict=True):
                    row = {"name": user["name"], "email": user["email"], "age": user.get("age")}
                    result = await connection.execute(
                        users.insert().values(**row, password_hash=secret, created_at=now())
                    )
                    stored.append({"id": result.inserted_primary_key[0], "name": row["name"], "email": row["email"]})
        except exc.IntegrityError:
            raise Problem(409, "This e-mail address is taken.") from None
        finally:
            await self.cache.changed(*(user["id"] for user in stored))
        for user in stored:
            say(logging.INFO, "user_created", user_id=user["id"])
        return stored

    async def create_user(self, request):
        stored = await self.store_users([fitting(await body_of(request), NEW_USER)])
        return JSONResponse(stored[0], 201)

    async def import_users(self, request):
        body = await body_of(request)
        if not isinstance(body, list):
            raise unfit(body="is not a list")
        return JSONResponse(await self.store_users([fitting(u, NEW_USER, f"{n}.") for n, u in enumerate(body)]), 201)

    async def show_user(self, request):
        user = await self.cache.user(id_of(request))
        if user is None:
            raise Problem(404)
        return JSONResponse(user)

    async def change_user(self, request):
        user_id, body = id_of(request), fitting(await body_of(request), USER)
        try:
            async with self.engine.begin() as connection:
                change = users.update().where(users.c.id == user_id).values(name=body["name"], email=body["email"])
                if not (await connection.execute(change)).rowcount:
                    raise Problem(404)
        except exc.IntegrityError:
            raise Problem(409, "This e-mail address is taken.") from None
        finally:
            await self.cache.changed(user_id)
        return JSONResponse({"id": user_id, "name": body["name"], "email": body["email"]})

    async def delete_user(self, request):
        user_id = id_of(request)
        try:
            async with self.engine.begin() as connection:
                await connection.execute(orders.delete().where(orders.c.user_id == user_id))
                if not (await connection.execute(users.delete().where(users.c.id == user_id))).rowcount:
                    raise Problem(404)
        finally:
            await self.cache.changed(user_id)
        return Response(status_code=204)

    async def list_users(self, request):
        return await self.page(request, users, USER_COLUMNS)

    async def orders_of_user(self, request):
        user_id = id_of(request)
        wanted = select(*ORDER_COLUMNS).where(orders.c.user_id == user_id).order_by(orders.c.created_at, orders.c.id)
        async with self.engine.begin() as connection:
            if not (await connection.execute(select(users.c.id).where(users.c.id == user_id))).first():
                raise Problem(404)
            rows = (await connection.execute(wanted)).mappings().all()
        return JSONResponse([dict(row) for row in rows])

    async def customers(self, request):
        newest = select(*USER_COLUMNS).order_by(users.c.created_at.desc(), users.c.id.desc())
        async with self.engine.begin() as connection:
            rows = await connection.execute(newest.limit(number(request, "limit", 20, 100)))
            found = {row["id"]: {**row, "orders": []} for row in rows.mappings()}
            theirs = select(*ORDER_COLUMNS).where(orders.c.user_id.in_(found))
            for order in (await connection.execute(theirs.order_by(orders.c.created_at, orders.c.id))).mappings():
                found[order["user_id"]]["orders"].append(dict(order))
        return JSONResponse(list(found.values()))

    # orders

    async def create_order(self, request):
        body = fitting(await body_of(request), ORDER)
        if not 1 <= body["user_id"] <= BIGGEST:
            raise Problem(404)
        values = {**body, "status": "open", "created_at": now()}
        names = list(values)
        owned = select(*(literal(values[name]) for name in names)).where(
            select(users.c.id).where(users.c.id == body["user_id"]).exists()
        )
        async with self.engine.begin() as connection:
            result = await connection.execute(orders.insert().from_select(names, owned).returning(*ORDER_COLUMNS))
            order = result.mappings().first()
            if order is None:
                raise Problem(404)
        order = dict(order)
        say(logging.INFO, "order_created", order_id=order["id"], user_id=order["user_id"], amount=order["amount"])
        return JSONResponse(order, 201)

    async def find_order(self, order_id: int, *more) -> dict:
        wanted = select(*ORDER_COLUMNS, *more).where(orders.c.id == order_id)
        async with self.engine.begin() as connection:
            order = (await connection.execute(wanted)).mappings().first()
        if order is None:
            raise Problem(404)
        return dict(order)

    async def show_order(self, request):
        order = await self.find_order(id_of(request))
        say(logging.INFO, "order_viewed", order_id=order["id"])
        return JSONResponse(order)

    async def list_orders(self, request):
        status = request.query_params.get("status")
        return await self.page(request, orders, ORDER_COLUMNS, *([] if status is None else [orders.c.status == status]))

    async def page(self, request, table, columns, *filters):
        page, size = number(request, "page", 1, 10**9), number(request, "page_size", 20, 100)
        newest = (table.c.created_at.desc(), table.c.id.desc())
        wanted = select(*columns).where(*filters).order_by(*newest).limit(size).offset((page - 1) * size)
        async with self.engine.begin() as connection:
            total = await connection.scalar(select(func.count()).select_from(table).where(*filters))
            rows = (await connection.execute(wanted)).mappings().all()
        items = [dict(row) for row in rows]
        return JSONResponse(
            {"items": items, "total": total, "page": page, "page_size": size, "total_pages": -(-total // size)}
        )

    async def feed(self, request):
        limit = number(request, "limit", 20, 100)
        moment = func.coalesce(orders.c.created_at, "")
        wanted = select(*ORDER_COLUMNS, moment.label("moment")).order_by(moment.desc(), orders.c.id.desc())
        if "cursor" in request.query_params:
            after, last = self.cursor_of(request.query_params["cursor"])
            wanted = wanted.where((moment < after) | ((moment == after) & (orders.c.id < last)))
        async with self.engine.begin() as connection:
            rows = [dict(row) for row in (await connection.execute(wanted.limit(limit + 1))).mappings()]
        items, cursor = rows[:limit], None
        if len(rows) > limit:
            mark = json.dumps([items[-1]["moment"], items[-1]["id"]])
            cursor = base64.urlsafe_b64encode(mark.encode()).decode()
        for item in items:
            del item["moment"]
        return JSONResponse({"items": items, "next_cursor": cursor})

    @staticmethod
    def cursor_of(given: str) -> tuple[str, int]:
        try:
            moment, last = json.loads(base64.b64decode(given.encode("ascii"), b"-_", validate=True))
            if type(moment) is not str or type(last) is not int or not 0 <= last <= BIGGEST:
                raise ValueError
            moment.encode()
        except (ValueError, TypeError, RecursionError):
            raise unfit(cursor="is none of ours") from None
        return moment, last

    async def pay(self, request):
        order_id, body = id_of(request), fitting(await body_of(request), {"card_number": card})
        order = await self.find_order(order_id, orders.c.created_at)
        if order["status"] == "paid":
            raise Problem(409, "The order is paid already.")
        # An id can be given again after a deletion, so the moment belongs to the order's own key.
        key = uuid.uuid5(uuid.NAMESPACE_OID, f"{order_id} {order.pop('created_at')}").hex
        given = request.headers.get("idempotency-key", "")
        if re.fullmatch(r"[\x21-\x7e]{1,255}", given):
            key = given
        try:
            if re.sub(r"[ -]", "", body["card_number"]).endswith("0002"):
                raise Problem(402)
            await self.downstream.call(
                "POST",
                "/payments",
                json={"order_id": order_id, "amount": order["amount"]},
                headers={"Idempotency-Key": key},
            )
        except Problem as problem:
            say(logging.ERROR, "payment_failed", problem, order_id=order_id)
            problem.logged = True
            raise
        change = orders.update().where(orders.c.id == order_id, orders.c.status != "paid").values(status="paid")
        async with self.engine.begin() as connection:
            if not (await connection.execute(change)).rowcount:
                raise Problem(409, "The order is paid already.")
        say(logging.INFO, "order_paid", order_id=order_id)
        return JSONResponse({**order, "status": "paid"})

    async def notify(self, request):
        order = await self.find_order(id_of(request))
        await self.downstream.call("POST", "/notifications", attempts=1, patience=2.5, json={"order_id": order["id"]})
        return JSONResponse({"status": "accepted"}, 202)

    # the rest

    async def quote(self, request):
        item = request.path_params["item"]
        if item in (".", ".."):
            raise Problem(404)
        response = await self.downstream.call("GET", "/quotes/" + quote(item, safe=""))
        try:
            price = response.json()["price"]
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise Problem(502) from error
        if type(price) is not int or price < 0:
            raise Problem(502)
        return JSONResponse({"item": item, "price": price})

    async def about(self, _request):
        return JSONResponse({"service": self.settings.name, "version": self.settings.version})

    async def summary(self, _request):
        async with self.engine.begin() as connection:
            counts = {
                table.name: await connection.scalar(select(func.count()).select_from(table))
                for table in (users, orders)
            }
        return JSONResponse(counts)


class Methods:
    """The endpoints of one path together, so that a refused method is told all the allowed ones."""

    def __init__(self, routes):
        self.apps = {method: route.app for route in routes for method in route.methods}

    async def __call__(self, scope, receive, send):
        await self.apps[scope["method"]](scope, receive, send)


def one_for_each_path(routes: list[Route]) -> list[Route]:
    paths: dict[str, list[Route]] = {}
    for route in routes:
        paths.setdefault(route.path, []).append(route)
    return [Route(path, Methods(own), methods=list(Methods(own).apps)) for path, own in paths.items()]
