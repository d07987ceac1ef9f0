"""The storm's traffic: many requests of all kinds at once, wave after wave, each response looked at by itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from typing import Any

from labs.judge import (
    CheckFailed,
    Database,
    Downstream,
    Fresh,
    Request,
    Response,
    ScriptedReply,
    ServiceUnderTest,
    add_user,
    away,
    begin,
    card_number,
    no_response_means,
)

from .steps import (
    GATEWAY,
    PATIENCE,
    assert_error,
    assert_stamped,
    expect_ready,
    expect_soon,
    order_body,
)

ALWAYS = {"order": 4, "user": 7, "pay": 3, "list": 2, "quote": 3}  # how many requests of each kind are in a wave
NAMES = 2  # changes of a user's name, in a wave that has them


@dataclass(slots=True)
class Sent:
    """One request of the storm, and what became of it."""

    kind: str  # order, user, name, pay, list or quote
    request: Request
    about: dict[str, Any]  # the order or user that it is about; empty for others
    wave: str  # what was going on, as in "Redis is away"
    response: Response | None = None

    @property
    def ident(self) -> str:
        """The correlation id that the request was sent with."""
        return str(dict(self.request.headers)["X-Correlation-ID"])

    @property
    def succeeded(self) -> bool:
        """Whether it was answered with a 2xx."""
        return self.response is not None and self.response.status < 300


class Storm:
    """Requests in waves, and what became of each."""

    def __init__(self, service: ServiceUnderTest, database: Database, downstream: Downstream, fresh: Fresh) -> None:
        self.service, self.database, self.downstream, self.fresh = service, database, downstream, fresh
        self.downstream.default = ScriptedReply(json={"price": 1999, "status": "ok"})
        self.users = [add_user(database, fresh) for _ in range(6)]
        self.names = {user["id"]: {user["name"]} for user in self.users}  # every name that a user may have
        self.orders: list[dict[str, Any]] = []
        for number in range(30):
            order = order_body(self.users[number % 6]["id"], fresh)
            self.orders.append({"id": database.add_order(**order), **order})
        self.unpaid = list(self.orders)
        self.sent: list[Sent] = []

    # Waves

    def wave(
        self,
        what: str,
        *,
        may_fail: tuple[str, ...] = (),
        at: tuple[tuple[int, Callable[[], None]], ...] = (),
        names: bool = False,
    ) -> None:
        """Send some of everything at once while `what` is going on; requests of the kinds in `may_fail` may fail.

        `at` changes the weather: each of its functions is called when so many requests have been answered.
        """
        kinds = ALWAYS | {"name": NAMES if names else 0}
        batch = [self.make(kind, what) for kind, count in kinds.items() for _ in range(count)]
        batch.sort(key=lambda _: self.fresh.number(0, 1_000_000))
        pending = {self.begin(sent): sent for sent in batch}
        left = set(pending)
        for answered, change in at:
            while len(pending) - len(left) < answered and left:
                _, left = wait(left, timeout=PATIENCE, return_when=FIRST_COMPLETED)
            change()
        for future, sent in pending.items():
            take_response(future, sent)
            self.look_at(sent, may_fail)

    def payments_meet_an_outage(self) -> None:
        """Have downstream take some payments, and the database go away before it answers."""
        self.downstream.calls.clear()
        self.downstream.hang()
        batch = [self.make("pay", "the database goes away under a payment") for _ in range(4)]
        pending = {self.begin(sent): sent for sent in batch}
        self.downstream.wait_for_calls(4)
        with away(self.database):
            self.downstream.up()
            for future, sent in pending.items():
                take_response(future, sent)
        for sent in batch:
            self.look_at(sent, may_fail=("pay",))

    def downstream_is_back(self) -> None:
        """Wait until nobody feels downstream's outage any more."""
        expect_soon(
            lambda: self.service.get(f"/quotes/{self.fresh.token()}", deadline=PATIENCE),
            200,
            "Downstream has been back for three seconds, and quotes still fail. Nothing may need a restart.",
        )

    def everything_is_back(self) -> None:
        """Wait until nobody feels any outage any more."""
        cause = "Everything is back, and `ready` does not notice. Nothing may need a restart."
        expect_ready(self.service, 200, cause, deadline=PATIENCE)
        self.downstream_is_back()

    # Requests

    def make(self, kind: str, what: str) -> Sent:
        """Make a request of this kind for the wave `what`. A name counts as one that its user may have from now on."""
        fresh, user = self.fresh, self.users[self.fresh.number(0, 5)]
        about: dict[str, Any] = {}
        method, path, body = "GET", "", None
        if kind == "order":
            about = body = order_body(user["id"], fresh)
            method, path = "POST", "/orders"
        elif kind == "user":
            path, about = f"/users/{user['id']}", user
        elif kind == "name":
            about = user | {"name": fresh.name()}
            self.names[user["id"]].add(about["name"])
            method, path, body = "PUT", f"/users/{user['id']}", {"name": about["name"], "email": user["email"]}
        elif kind == "pay":
            about = self.unpaid.pop(0)
            self.unpaid.append(about)
            method, path, body = "POST", f"/orders/{about['id']}/pay", {"card_number": card_number(fresh)}
        elif kind == "list":
            path = "/orders?page_size=5"
        else:
            path = f"/quotes/{fresh.token()}"
        request = Request(method, path, json=body, headers={"X-Correlation-ID": fresh.token(24)}, deadline=PATIENCE)
        return Sent(kind, request, about, what)

    def begin(self, sent: Sent) -> Future[Response]:
        """Send it without waiting, and remember that it was sent."""
        self.sent.append(sent)
        return begin(self.service, sent.request)

    # Responses

    def look_at(self, sent: Sent, may_fail: Sequence[str], *, alone: bool = False) -> None:
        """Fail when the response is wrong by itself. `alone`: nothing else was under way, so nothing excuses a 503."""
        response = sent.response
        assert response is not None
        what = f"While {sent.wave}" if sent.wave[0] != "a" else f"When {sent.wave}"
        asked = f"`{sent.request.method} {re.sub(r'[0-9]+', '{id}', sent.request.path)}`"
        if response.status < 300:
            assert_stamped(response, sent.ident)
            self.look_into(sent, response)
            return
        if sent.kind == "pay" and response.status == 409:  # paid before
            return
        if response.status < 500:
            raise CheckFailed(
                f"{what}, {asked} was answered with a {response.status}: an outage was taken for something else.",
                got=response,
            )
        if response.status not in GATEWAY:
            raise CheckFailed(
                f"{what}, {asked} was answered with {response.status}. An outage is a 503 (or 504, 502 for "
                "downstream), never a bug of your own.",
                expected="503",
                got=response,
            )
        assert_error(response, response.status, sent.ident)
        if sent.kind not in may_fail and response.status == 503 and not alone:
            # On a busy machine it may have waited for another's lock for too long. Alone it has to succeed.
            again = self.make(sent.kind, sent.wave)
            take_response(self.begin(again), again)
            self.look_at(again, (), alone=True)
        elif sent.kind not in may_fail:
            raise CheckFailed(
                f"{what}, {asked} failed, which does not need what was away. "
                "Which part of the service waits for it, or lets its error through?",
                expected="2xx",
                got=response,
            )

    def look_into(self, sent: Sent, response: Response) -> None:
        """Fail when the body of a success is not about what was asked for."""
        body = response.json
        if sent.kind == "user":
            asked = sent.about
            assert (body.get("id"), body.get("email")) == (asked["id"], asked["email"]), (
                "Somebody was answered with another user's data: requests share a session, a copy or a variable."
            )
            assert body.get("name") in self.names[asked["id"]], (
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


def take_response(future: Future[Response], sent: Sent) -> None:
    """Wait for the response to this request, and keep it there."""
    with no_response_means(
        f"While {sent.wave}, `{sent.request.method} {sent.request.path}` got no answer within {PATIENCE:g} s, or its "
        "connection broke. Whatever is away, the caller is told."
    ):
        sent.response = future.result()
