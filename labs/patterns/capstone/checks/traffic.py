"""Many requests of all kinds at once, wave after wave, each with what it is worth afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any

from labs.judge import CheckFailed, Request, Response, ScriptedReply

from .steps import (
    BACK,
    GATEWAY,
    PATIENCE,
    READY,
    TWO_KEYS,
    away,
    body_of,
    card,
    complete,
    expect,
    found,
    has,
    order_body,
    pay,
    payments,
    put,
    stamped,
    status_of,
    until,
)


ROW_OF_A_REFUSED = "A request was answered with an error, and its row is in the table: the client will send it again, and there will be two."


class Sent:
    """One request of the storm."""

    def __init__(self, kind: str, request: Request, about: dict[str, Any], wave: str) -> None:
        self.kind = kind  # order, user, name, pay, list or quote
        self.request, self.about, self.wave = request, about, wave
        self.response: Response | None = None

    @property
    def ident(self) -> str:
        return dict(self.request.headers)["X-Correlation-ID"]  # type: ignore[arg-type]


class Storm:
    """Requests in waves, what became of each, and whether it fits what is left in the end."""

    def __init__(self, service: Any, database: Any, downstream: Any, fresh: Any) -> None:
        self.service, self.database, self.downstream, self.fresh = service, database, downstream, fresh
        self.downstream.default = ScriptedReply(json={"price": 1999, "status": "ok"})
        self.users = [{"name": fresh.name(), "email": fresh.email()} for _ in range(6)]
        for user in self.users:
            user["id"] = database.add_user(**user)
        self.names = {user["id"]: {user["name"]} for user in self.users}  # every name that a user may have
        self.orders: list[dict[str, Any]] = []
        for _ in range(30):
            order = order_body(self.users[len(self.orders) % 6]["id"], fresh)
            self.orders.append({"id": database.add_order(**order), **order})
        self.unpaid = list(self.orders)
        self.sent: list[Sent] = []

    def wave(
        self,
        what: str,
        *,
        may_fail: tuple[str, ...] = (),
        at: tuple[tuple[int, Callable[[], None]], ...] = (),
        names: bool = False,
    ) -> None:
        """Some of everything at once; `at` changes the weather when so many have been answered."""
        kinds = (
            ["order"] * 4 + ["user"] * 7 + ["pay"] * 3 + ["list"] * 2 + ["quote"] * 3 + ["name"] * (2 if names else 0)
        )
        batch = [self.one(kind, what) for kind in kinds]
        batch.sort(key=lambda _: self.fresh.number(0, 1_000_000))
        pending = {self.begin(sent): sent for sent in batch}
        left = set(pending)
        for answered, change in at:
            while len(pending) - len(left) < answered and left:
                _, left = wait(left, timeout=PATIENCE, return_when=FIRST_COMPLETED)
            change()
        for future, sent in pending.items():
            sent.response = response_of(future, sent.request, what)
            self.judge(sent, may_fail)

    def one(self, kind: str, what: str) -> Sent:
        fresh, user = self.fresh, self.users[self.fresh.number(0, 5)]
        about: dict[str, Any] = {}
        method, path, body = "GET", "", None
        if kind == "order":
            method, path, body = "POST", "/orders", order_body(user["id"], fresh)
            about = body
        elif kind == "user":
            path, about = f"/users/{user['id']}", user
        elif kind == "name":
            user = self.users[fresh.number(0, 5)]
            name = fresh.name()
            self.names[user["id"]].add(name)
            method, path, body, about = (
                "PUT",
                f"/users/{user['id']}",
                {"name": name, "email": user["email"]},
                {**user, "name": name},
            )
        elif kind == "pay":
            about = self.unpaid.pop(0)
            self.unpaid.append(about)
            method, path, body = "POST", f"/orders/{about['id']}/pay", {"card_number": card(fresh)}
        elif kind == "list":
            path = "/orders?page_size=5"
        else:
            path = f"/quotes/{fresh.token()}"
        request = Request(method, path, json=body, headers={"X-Correlation-ID": fresh.token(24)}, deadline=PATIENCE)
        return Sent(kind, request, about, what)

    def begin(self, sent: Sent) -> Future[Response]:
        self.sent.append(sent)
        request = sent.request
        return self.service.begin(
            request.method, request.path, json=request.json, headers=request.headers, deadline=request.deadline
        )

    def judge(self, sent: Sent, may_fail: tuple[str, ...], *, alone: bool = False) -> None:
        """What is wrong with this answer by itself."""
        response = sent.response
        assert response is not None
        what = f"While {sent.wave}" if sent.wave[0] != "a" else f"When {sent.wave}"
        asked = f"`{sent.request.method} {re.sub(r'[0-9]+', '{id}', sent.request.path)}`"
        if response.status < 300:
            stamped(response, sent.ident)
            self.judge_content(sent, response)
            return
        paid_before = sent.kind == "pay" and response.status == 409
        if response.status < 500 and not paid_before:
            raise CheckFailed(
                f"{what}, {asked} was answered with a {response.status}: an outage was taken for something else.",
                got=response,
            )
        if paid_before:
            return
        if response.status not in GATEWAY:
            raise CheckFailed(
                f"{what}, {asked} was answered with {response.status}. An outage is a 503 (or 504, 502 for downstream), never a bug of your own.",
                expected="503",
                got=response,
            )
        complete(response, response.status, sent.ident)
        if sent.kind not in may_fail and response.status == 503 and not alone:
            # On a busy machine one may wait for another's lock for too long. Alone, in the same weather, it has to succeed.
            again = self.one(sent.kind, sent.wave)
            again.response = response_of(self.begin(again), again.request, sent.wave)
            self.judge(again, (), alone=True)
        elif sent.kind not in may_fail:
            raise CheckFailed(
                f"{what}, {asked} failed, which does not need what was away. "
                "Which part of the service waits for it, or lets its error through?",
                expected="2xx",
                got=response,
            )

    def judge_content(self, sent: Sent, response: Response) -> None:
        body = response.json
        if sent.kind == "user":
            asked, got = sent.about, body
            assert (got.get("id"), got.get("email")) == (asked["id"], asked["email"]), (
                "Somebody was answered with another user's data: requests share a session, a copy or a variable."
            )
            assert got.get("name") in self.names[asked["id"]], (
                "A user was answered with a name that nobody ever gave them."
            )
        elif sent.kind == "order":
            got = {name: body.get(name) for name in sent.about}
            assert got == sent.about, "The order that was answered is not the one that was sent."
        elif sent.kind == "pay":
            assert (body.get("id"), body.get("status")) == (sent.about["id"], "paid"), (
                "A payment was answered with another order, or an open one."
            )
            if sent.about in self.unpaid:
                self.unpaid.remove(sent.about)

    def payments_meet_an_outage(self) -> None:
        """Downstream takes the money of some while the database goes away."""
        self.downstream.calls.clear()
        self.downstream.hang()
        batch = [self.one("pay", "the database goes away under a payment") for _ in range(4)]
        pending = {self.begin(sent): sent for sent in batch}
        self.downstream.wait_for_calls(4)
        with away(self.database):
            self.downstream.up()
            for future, sent in pending.items():
                sent.response = response_of(future, sent.request, sent.wave)
        for sent in batch:
            self.judge(sent, ("pay",))

    def downstream_is_back(self) -> None:
        """Downstream's outage is over: before long nobody feels it."""
        quote = until(lambda: self.service.get(f"/quotes/{self.fresh.token()}", deadline=PATIENCE), has(200), BACK)
        expect(
            quote, 200, "Downstream has been back for three seconds, and quotes still fail. Nothing may need a restart."
        )

    def everything_is_back(self) -> None:
        ready = until(lambda: self.service.get(READY, deadline=PATIENCE), has(200), BACK + 1)
        expect(ready, 200, "Everything is back, and `ready` does not notice. Nothing may need a restart.")
        self.downstream_is_back()

    def everybody_is_renamed(self) -> None:
        """With all well, whatever an outage has made of the copies is set right by the next change."""
        for user in self.users:
            user["name"] = self.fresh.name()
            self.names[user["id"]].add(user["name"])
            expect(put(self.service, user), 200, "All is well again, and a user can't be changed.")
            found(
                self.service,
                user,
                "All is well again, a user is changed, and a read answers an old copy: since the outage nobody drops copies any more. "
                "“Redis is away” must not be remembered.",
            )

    def audit(self) -> None:
        """Whether the tables hold what was answered, and nothing else."""
        answered = {sent.about["item"]: sent.about for sent in self.sent if sent.kind == "order" and ok(sent)}
        known = {order["item"] for order in self.orders}
        rows = {
            item: {"user_id": user_id, "item": item, "amount": amount}
            for user_id, item, amount in self.database.execute("SELECT user_id, item, amount FROM orders")
            if item not in known
        }
        lost = [item for item in answered if rows.get(item) != answered[item]]
        assert lost == [], (
            "Orders that were answered with 201 are not in the table as they were sent: something was promised before its commit."
        )
        assert sorted(rows.keys() - answered.keys()) == [], ROW_OF_A_REFUSED
        for order in self.orders:
            pays = [sent for sent in self.sent if sent.kind == "pay" and sent.about["id"] == order["id"]]
            paid = any(sent.response is not None and sent.response.status in (200, 409) for sent in pays)
            state = status_of(self.database, order)
            if paid and state != "paid":
                raise CheckFailed(
                    "A payment was answered as done, and the order is not paid in the table.",
                    expected="paid",
                    got=state,
                )
            if not paid and state == "paid":
                raise CheckFailed(
                    "Every payment of an order failed, and it is paid in the table: it was recorded before downstream had agreed.",
                    expected="open",
                    got=state,
                )
        for user in self.users:
            row = self.database.execute("SELECT name, email FROM users WHERE id = ?", user["id"])[0]
            response = self.service.get(f"/users/{user['id']}")
            got = (response.json.get("name"), response.json.get("email")) if response.status == 200 else response.status
            assert got == row, (
                "All is well again, and a user is answered with an old copy: a change was not followed by dropping it."
            )

    def pay_the_rest(self) -> None:
        """Whoever could not pay in the storm can now; and each order has one key."""
        for order in list(self.unpaid):
            response = pay(self.service, order, self.fresh)
            expect(response, 200, "An order whose payment failed in the storm can't be paid now that all is well.")
        charged = {}
        for call in payments(self.downstream):
            charged.setdefault(body_of(call).get("order_id"), set()).add(call.headers.get("idempotency-key"))
        twice = [number for number, keys in charged.items() if len(keys) > 1]
        assert twice == [], TWO_KEYS

    def audit_log(self, logs: Any) -> None:
        """Whether support finds each failure, and each order, under the id that the caller has."""
        records = logs.complete()
        by_id: dict[str, list[dict[str, Any]]] = {}
        for record in records:
            by_id.setdefault(str(record.get("correlation_id")), []).append(record)
        for sent in self.sent:
            mine = by_id.get(sent.ident, [])
            if sent.response is not None and sent.response.status >= 500:
                if not any("stack" in record for record in mine):
                    raise CheckFailed(
                        f"A {sent.answer.status} of the storm is not in the log with its stack, under the correlation id that its caller was told.",
                        expected=f"a record with {sent.ident} and a stack",
                        got=[record.get("message") for record in mine],
                    )
            elif sent.kind == "order" and ok(sent):
                created = [record.get("order_id") for record in mine if record.get("message") == "order_created"]
                assert created == [sent.response.json["id"]], (
                    "`order_created` is missing, or under another request's correlation id."
                )


def ok(sent: Sent) -> bool:
    return sent.response is not None and sent.response.status < 300


def response_of(future: Future[Response], request: Request, what: str) -> Response:
    try:
        return future.result()
    except CheckFailed as silent:
        raise CheckFailed(
            f"While {what}, `{request.method} {request.path}` got no answer within {PATIENCE:g} s, or its connection broke. "
            "Whatever is away, the caller is told.",
            expected="an answer",
            got=silent.got,
        ) from None
