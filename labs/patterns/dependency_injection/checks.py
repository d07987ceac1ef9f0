"""Who makes a thing, who gives it back, and when: seen from outside, in connections, locks, rows and answers."""

from __future__ import annotations

import contextlib
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from labs.judge import Answer, CheckFailed, Reply, Request, create_user

ROUNDS = 16  # requests one after the other
SHARED = 10  # connections that they may make
FAILURES = 16  # one more than SQLAlchemy's pool holds
BUSY = [("a commit is waiting",)]
MISSING = 987_654_321  # an id that nobody has


# Once per process


@pytest.mark.check("resources", level="easy")
def test_resources_arrive(service, downstream, fresh):
    """The HTTP client, the database and Redis reach the routes that ask for them."""
    item, price = priced(downstream, fresh)
    answer = service.get(f"/quotes/{item}")
    assert answer.status == 200, why_no_quote(answer, downstream)
    assert answer.json.get("price") == price, "The price has to be the one that downstream gives for this item."
    answer = service.get("/health/ready")
    assert answer.status == 200, (
        "The database and Redis are there, and `ready` does not find them: see in `checks` which one, "
        "and compare its URL with `DATABASE_URL` or `REDIS_URL`."
    )


@pytest.mark.check("resources", level="medium", after="test_resources_arrive")
def test_starts_alone(service, database, cache, downstream, fresh):
    """The service starts while everything that it leans on is away, and uses it when it is back."""
    for backing in (database, cache, downstream):
        backing.down()
    start_alone(service)
    answer = service.get("/about")
    assert answer.status == 200, "`/about` needs nobody, so it is answered while everybody is away."
    for backing in (database, cache, downstream):
        backing.up()
    item, price = priced(downstream, fresh)
    answer = service.get(f"/quotes/{item}")
    assert answer.status == 200, "Downstream is back, and the service does not find it: nothing may need a restart."
    ready = eventually(lambda: service.get("/health/ready"), lambda answer: answer.status == 200)
    assert ready.status == 200, "Redis and the database are back, and `ready` still fails: nothing may need a restart."


@pytest.mark.check("resources", level="medium", after="test_resources_arrive")
def test_connections_are_shared(service, cache, downstream, fresh):
    """Requests one after the other share a few connections."""
    downstream.default = Reply(json={"price": fresh.number(1, 9_999)})
    for _ in range(ROUNDS):
        service.get(f"/quotes/{fresh.token()}")
        service.get("/health/ready")
    made = {"Redis": cache.connections_made, "downstream": downstream.connections_made}
    for name, count in made.items():
        assert count <= SHARED, (
            f"{ROUNDS} requests, one after the other, made {count} connections to {name}: a client is made for each request. "
            "The client is the pool: make it once, when the process starts, and keep it."
        )


@pytest.mark.check("resources", level="medium", after="test_resources_arrive")
def test_closed_at_the_end(service, cache, downstream, fresh):
    """When the service stops, no connection stays open."""
    downstream.default = Reply(json={"price": fresh.number(1, 9_999)})
    for _ in range(3):
        service.get(f"/quotes/{fresh.token()}")
        service.get("/health/ready")
    service.stop()
    for name, backing in (("Redis", cache), ("downstream", downstream)):
        left = eventually(lambda backing=backing: backing.connections, lambda count: count == 0)
        assert left == 0, (
            f"The service has stopped, and {left} of its connections to {name} are still open. What start opens, stop closes: "
            "look at what runs after the lifespan's `yield` (for a client it is `aclose()`, awaited)."
        )


@pytest.mark.check("resources", level="medium", after="test_resources_arrive")
def test_configuration_is_read_at_start(service, downstream, fresh):
    """Another URL in the environment, and the next start talks to it."""
    downstream.default = Reply(json={"price": fresh.number(1, 9_999)})
    for prefix in (fresh.token(), fresh.token()):
        service.start(DOWNSTREAM_URL=f"{downstream.url}/{prefix}")
        item = fresh.token()
        service.get(f"/quotes/{item}")
        assert called(downstream)[-1:] == [f"/{prefix}/quotes/{item}"], (
            "`DOWNSTREAM_URL` was changed before the start (it has a path now), and the call went elsewhere. Read it when the service "
            "starts, not at import, and pass all of it on as the client's base URL."
        )


@pytest.mark.check("resources", level="hard", after="test_resources_arrive")
def test_slow_downstream_stops_nobody(service, downstream, fresh):
    """While one request waits for downstream, others are answered."""
    downstream.hang()
    waiting = service.begin("GET", f"/quotes/{fresh.token()}", deadline=6.0)
    downstream.wait_for_calls(1)
    try:
        answered_in_time(
            service,
            Request("GET", "/about", deadline=1.5),
            "A request that needs nobody had to wait for another one's call downstream: the call blocks the event loop. "
            "In `async def` only an async client will do.",
        )
    finally:
        downstream.up()
        with contextlib.suppress(CheckFailed):
            waiting.result()


# Once per request


@pytest.mark.check("session", level="easy")
def test_users_arrive(service, database, fresh):
    """A user who exists is answered, one who does not is a 404, and an id that is none a 422."""
    name, email = fresh.name(), fresh.email()
    user_id = database.add_user(name=name, email=email)
    answer = service.get(f"/users/{user_id}")
    assert answer.status == 200, "The user is in the table, and the route does not find them."
    got = {key: answer.json.get(key) for key in ("id", "name", "email")}
    assert got == {"id": user_id, "name": name, "email": email}, "The answer has to be the user's row."
    assert service.get(f"/users/{MISSING}").status == 404, (
        "Nobody has this id: that is a 404, said by whoever looks it up."
    )
    assert service.get(f"/users/{fresh.token(6)}x").status == 422, "This is no id: the parameter's type says so."


@pytest.mark.check("session", level="hard", after="test_users_arrive")
def test_one_session_per_request(service, database, fresh):
    """Two parts of the code that ask for the session in one request get the same one."""
    database.add_user(name=fresh.name(), email=fresh.email())
    answer = answered_in_time(service, fail_after_insert(fresh, deadline=2.5), TWO_SESSIONS)
    assert answer.status == 500, "The drill fails on purpose, so it is a 500."
    assert "database is locked" not in "\n".join(service.host.stream.lines), TWO_SESSIONS


@pytest.mark.check("session", level="medium", after="test_one_session_per_request")
def test_error_rolls_back(service, database, fresh):
    """A request that fails leaves neither a row nor a lock."""
    for _ in range(3):
        answer = service.send(fail_after_insert(fresh))
        assert answer.status == 500, "The drill fails on purpose, so it is a 500."
        assert_unlocked(
            database,
            "The request has failed, and its transaction is still open: nobody else can write. The exception comes out of the `yield`: "
            "without `async with` or `try`/`finally` around it, the lines below never run. A session that outlives the request does the same.",
        )
    rows = database.execute("SELECT name FROM users")
    assert rows == [], "The requests failed and left rows behind: something committed before the failure."


@pytest.mark.check("session", level="medium", after="test_error_rolls_back")
def test_session_is_given_back(service, database, fresh):
    """After many requests, failed ones too, there are still sessions for the next."""
    user_id = database.add_user(name=fresh.name(), email=fresh.email())
    for _ in range(FAILURES // 2):
        answered_in_time(service, fail_after_insert(fresh), NOT_GIVEN_BACK)
        answered_in_time(service, Request("GET", f"/users/{MISSING}"), NOT_GIVEN_BACK)
    answer = answered_in_time(service, Request("GET", f"/users/{user_id}"), NOT_GIVEN_BACK)
    assert answer.status == 200, NOT_GIVEN_BACK


@pytest.mark.check("session", level="hard", after="test_error_rolls_back")
def test_clients_that_leave(service, database, fresh):
    """Clients that leave before they are answered take no session with them."""
    user_id = database.add_user(name=fresh.name(), email=fresh.email())
    service.get("/about")
    database.hang()  # so that all of them have gone before the first could be answered
    try:
        for _ in range(FAILURES // 2):
            leave(service, Request("GET", f"/users/{user_id}"))
            leave(service, fail_after_insert(fresh))
    finally:
        database.up()
    answer = answered_in_time(service, Request("GET", f"/users/{user_id}"), NOT_GIVEN_BACK)
    assert answer.status == 200, NOT_GIVEN_BACK
    assert_unlocked(database, "Clients have left before they were answered, and a transaction of theirs is still open.")


@pytest.mark.check("session", level="hard", after="test_users_arrive")
def test_requests_share_nothing(service, database, fresh):
    """Requests that overlap each get their own user."""
    people = [(fresh.name(), fresh.email()) for _ in range(8)]
    ids = [database.add_user(name=name, email=email) for name, email in people]
    service.get(f"/users/{MISSING}")
    database.hang()  # so that all of them are under way at the same time
    try:
        waiting = [service.begin("GET", f"/users/{user_id}", deadline=6.0) for user_id in ids]
        time.sleep(0.1)
    finally:
        database.up()
    for (name, _), answer in zip(people, (future.result() for future in waiting), strict=True):
        assert answer.status == 200, SHARED_STATE
        assert answer.json.get("name") == name, SHARED_STATE


# The guard


@pytest.mark.check("guard", level="easy")
def test_summary_for_those_with_a_key(service, database, fresh):
    """With a key the summary has the numbers of rows; each of several keys will do."""
    keys = [fresh.secret(), fresh.secret()]
    service.start(API_KEY=",".join(keys))
    users = fresh.number(2, 5)
    ids = [database.add_user(name=fresh.name(), email=fresh.email()) for _ in range(users)]
    database.add_order(user_id=ids[0], item=fresh.item(), amount=fresh.number(1, 9_999))
    for key in keys:
        answer = service.get("/admin/summary", headers={"X-API-Key": key})
        assert answer.status == 200, "`API_KEY` holds two keys, separated by a comma: each of them opens the summary."
        got = {name: answer.json.get(name) for name in ("users", "orders")}
        assert got == {"users": users, "orders": 1}, "The summary has the numbers of rows in the two tables."


@pytest.mark.check("guard", level="medium", after="test_summary_for_those_with_a_key")
def test_no_summary_without_a_key(service, fresh):
    """Without a key, or with a wrong one, it is a 401."""
    keys = [fresh.secret(), fresh.secret()]
    wrong = {
        "no key": None,
        "an empty key": "",
        "another key": fresh.secret(),
        "the beginning of a key": keys[0][:-1],
        "a key and more": keys[1] + fresh.token(1),
        "all keys at once": ",".join(keys),
        "a key in the other case": keys[0].swapcase(),
    }
    service.start(API_KEY=",".join([*keys, ""]))  # a comma too many, as after the last key was taken out
    for what, key in wrong.items():
        answer = service.get("/admin/summary", headers={} if key is None else {"X-API-Key": key})
        assert answer.status == 401, why_let_in(what, answer)


@pytest.mark.check("guard", level="hard", after="test_no_summary_without_a_key")
def test_odd_key_is_refused(service, fresh):
    """A key that is not ASCII is a wrong key, not an accident."""
    for key in (f"clé-{fresh.token()}".encode(), f"{fresh.token()}ÿ".encode("latin-1")):
        answer = service.get("/admin/summary", headers={"X-API-Key": key})
        assert answer.status == 401, (
            "A key with a letter beyond ASCII got through the guard's code badly: `secrets.compare_digest` raises `TypeError` for such a "
            "`str`. Compare bytes: `.encode()` both."
        )


@pytest.mark.check("guard", level="hard", after="test_no_summary_without_a_key")
def test_guard_goes_first(service, database):
    """Who has no key costs nothing: the database is not asked."""
    service.get("/admin/summary")
    database.hang()
    try:
        answer = answered_in_time(service, Request("GET", "/admin/summary", deadline=1.5), TOO_LATE)
    finally:
        database.up()
    assert answer.status == 401, TOO_LATE
    database.down()
    try:
        answer = service.get("/admin/summary")
    finally:
        database.up()
    assert answer.status == 401, TOO_LATE


# Writes


@pytest.mark.check("writes", level="easy")
def test_writes_are_kept(service, database, fresh):
    """A created user is in the table and can be read; a deleted one is gone, orders and all."""
    user = create_user(service, fresh)
    find = "SELECT name FROM users WHERE id = ?"
    # With patience: whether it is there in time is another check's subject.
    rows = eventually(lambda: database.execute(find, user["id"]), bool, timeout=1.0)
    assert rows == [(user["name"],)], NOT_COMMITTED
    answer = service.get(f"/users/{user['id']}")
    assert answer.status == 200, "The user was created, and the next read does not find them."
    taken = {"name": fresh.name(), "email": user["email"], "password": fresh.secret()}
    assert service.post("/users", taken).status == 409, "The e-mail is taken: that is a 409."
    database.add_order(user_id=user["id"], item=fresh.item(), amount=fresh.number(1, 9_999))
    assert service.delete(f"/users/{user['id']}").status == 204, "A user can be deleted."
    left = "SELECT 'user' FROM users WHERE id = ? UNION ALL SELECT 'order' FROM orders WHERE user_id = ?"
    rows = eventually(lambda: database.execute(left, user["id"], user["id"]), lambda rows: not rows, timeout=1.0)
    assert rows == [], (
        "The deletion was answered with 204, and these rows are still there: not committed, or not deleted."
    )
    answer = service.get(f"/users/{user['id']}")
    assert answer.status == 404, (
        "The user is gone from the table, and is still answered: drop the copy in Redis, after the commit."
    )
    assert service.delete(f"/users/{MISSING}").status == 404, "Nobody has this id: that is a 404."


@pytest.mark.check("writes", level="medium", after="test_writes_are_kept")
def test_nobody_commits_for_another(service, database, fresh):
    """What a failed request left undone is not completed by the next one."""
    for _ in range(2):
        service.send(fail_after_insert(fresh))
    user = create_user(service, fresh)
    service.post("/users", {"name": fresh.name(), "email": user["email"], "password": fresh.secret()})
    other = create_user(service, fresh)
    kept = eventually(lambda: database.execute("SELECT name FROM users ORDER BY id"), lambda rows: len(rows) > 1, 1.0)
    names = [name for (name,) in kept]
    assert names == [user["name"], other["name"]], (
        "A request that failed has left a row after all: a later request's commit took it along, or it was committed too early. "
        "A session belongs to one request."
    )


@pytest.mark.check("writes", level="expert", after="test_writes_are_kept")
def test_commit_before_the_answer(service, database, fresh):
    """Nobody is told 201 or 204 before the commit has succeeded."""
    user = create_user(service, fresh)
    email = fresh.email()
    body = {"name": fresh.name(), "email": email, "password": fresh.secret()}
    find_email, find_id = "SELECT name FROM users WHERE email = ?", "SELECT name FROM users WHERE id = ?"
    patience = max(0.08, min(0.6, 12 * service.get(f"/users/{user['id']}").seconds))  # more on a busy machine
    with commits_blocked(database):
        waiting = service.begin("POST", "/users", json=body, deadline=8.0)
        if (early := answer_before_commit(database, waiting, patience)) is not None and early.status == 201:
            assert peek(database, find_email, email) == [(body["name"],)], PROMISED
    answer = waiting.result()
    rows = database.execute(find_email, email)
    assert rows == ([(body["name"],)] if answer.status == 201 else []), PROMISED
    with commits_blocked(database):
        waiting = service.begin("DELETE", f"/users/{user['id']}", deadline=8.0)
        if (early := answer_before_commit(database, waiting, patience)) is not None and early.status == 204:
            assert peek(database, find_id, user["id"]) == [], PROMISED
    waiting.result()
    create_user(service, fresh)


@pytest.mark.check("writes", level="hard", after="test_writes_are_kept")
def test_all_or_nothing(service, database, fresh):
    """A deletion that fails halfway has deleted nothing."""
    user = create_user(service, fresh)
    user_id = user["id"]
    database.add_order(user_id=user_id, item=fresh.item(), amount=fresh.number(1, 9_999))
    for table in ("users", "orders"):
        database.execute(f"CREATE TRIGGER no_{table} BEFORE DELETE ON {table} BEGIN SELECT RAISE(ABORT, 'drill'); END")
        answer = service.delete(f"/users/{user_id}")
        database.execute(f"DROP TRIGGER no_{table}")
        assert answer.status >= 500, f"The database refused to delete from `{table}`, and the caller was not told."
        rows = [
            (name, database.execute(f"SELECT count(*) FROM {name} WHERE {column} = ?", user_id)[0][0])
            for name, column in (("users", "id"), ("orders", "user_id"))
        ]
        assert rows == [("users", 1), ("orders", 1)], (
            f"Deleting from `{table}` failed, and the other table's row is gone: the user and their orders are deleted in two transactions. "
            "One session, one commit, at the end."
        )
        assert_unlocked(database, "The deletion has failed, and its transaction is still open: nobody else can write.")
    assert service.delete(f"/users/{user_id}").status == 204, "Nothing is in the way any more: the user can be deleted."


# What the checks see with


TWO_SESSIONS = (
    "A request that writes through two repositories got into its own way: they have two sessions, and the second waits for the first one's "
    "lock. Both ask for the same dependency, and FastAPI calls it once; a session that a provider opens for itself "
    "(or `use_cache=False`) is another one."
)
NOT_GIVEN_BACK = (
    "After a number of requests, failed ones among them, the service has run out of connections: sessions are not given back. Close the "
    "session on every path: `async with`, or `try`/`finally` around the `yield`."
)
SHARED_STATE = (
    "Requests that overlapped got into each other's way: they share a session or an object that belongs to one request. "
    "Make it per request; a cached provider (`lru_cache`, a global) may only hold pools."
)
TOO_LATE = (
    "A caller without a key made the service ask the database: the guard comes after the work. Put it into the route's "
    "`dependencies=[…]`, or before every parameter that costs something."
)
NOT_COMMITTED = "The answer was 201, and the row is not in the table: nobody committed. The repositories only flush."
PROMISED = (
    "The caller was told that it is done, and it was not: the commit could not succeed while somebody else was reading. It runs after "
    "the answer. What stands after the `yield` of a dependency does, so commit before the route returns "
    "(or give the dependency `scope='function'`)."
)


def priced(downstream: Any, fresh: Any) -> tuple[str, int]:
    """An item that downstream has a price for."""
    item, price = fresh.token(), fresh.number(1, 99_999)
    downstream.script(Reply(json={"price": price}), path=f"/quotes/{item}")
    return item, price


def called(downstream: Any) -> list[str]:
    return [unquote(call.path) for call in downstream.calls]


def why_no_quote(answer: Answer, downstream: Any) -> str:
    if not downstream.calls:
        return "Downstream was never asked: the client's base URL is not `DOWNSTREAM_URL`."
    return f"Downstream was asked for `{downstream.calls[-1].path}` and had an answer, but the route did not give it."


def why_let_in(what: str, answer: Answer) -> str:
    if answer.status == 200 and what in ("no key", "an empty key"):
        return (
            f"The summary was given to somebody with {what}: an empty part of `API_KEY` (here after a trailing comma) counts as a key. "
            "Drop empty parts, and call `require_api_key` for this route."
        )
    if answer.status == 422:
        return f"{what.capitalize()} was answered with 422: the header is required. Give it a default and refuse it yourself, with 401."
    return f"A caller with {what} has to get 401. Compare whole keys, each for itself."


def fail_after_insert(fresh: Any, deadline: float = 3.0) -> Request:
    return Request(
        "POST",
        "/drills/insert-and-fail",
        json={"name": fresh.name(), "email": fresh.email()},
        deadline=deadline,
    )


def start_alone(service: Any) -> None:
    try:
        service.start()
    except CheckFailed as error:
        error.cause = (
            "The service did not start while its database, Redis and downstream were away: start connects to one of them. Make the client "
            f"and let the first request connect. ({error.cause})"
        )
        raise


def answered_in_time(service: Any, request: Request, cause: str) -> Answer:
    """Send it; no answer at all has this cause."""
    try:
        return service.send(request)
    except CheckFailed as error:
        raise CheckFailed(cause, expected="an answer", got=error.got) from None


def eventually(look: Callable[[], Any], good: Callable[[Any], bool], timeout: float = 2.5) -> Any:
    """What `look` sees, as soon as it is good; what it sees last when it never is."""
    deadline = time.monotonic() + timeout
    while not good(seen := look()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return seen


def answer_before_commit(database: Any, waiting: Future[Answer], patience: float) -> Answer | None:
    """The answer, if it comes although nobody can commit now; None when the service is waiting for its commit."""
    deadline = time.monotonic() + 2.5
    # While somebody waits with a commit, SQLite lets no new reader in.
    while not waiting.done() and peek(database, "SELECT 1") != BUSY and time.monotonic() < deadline:
        time.sleep(0.01)
    with contextlib.suppress(TimeoutError):
        return waiting.result(patience)  # it may be on its way
    return None


def peek(database: Any, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """What a new reader sees now, without patience; BUSY when it is not let in."""
    with contextlib.closing(sqlite3.connect(database.path, timeout=0)) as reader:
        try:
            reader.execute("SELECT 1 FROM users LIMIT 1").fetchall()
            return reader.execute(sql, values).fetchall()
        except sqlite3.OperationalError:
            return BUSY


@contextlib.contextmanager
def commits_blocked(database: Any) -> Iterator[None]:
    """Read from the file all the time: others can insert, and none can commit."""
    with contextlib.closing(sqlite3.connect(database.path, timeout=5, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM users").fetchall()
        yield
        reader.execute("ROLLBACK")


def assert_unlocked(database: Any, cause: str) -> None:
    """Somebody else can write."""
    with contextlib.closing(sqlite3.connect(database.path, timeout=2.5, isolation_level=None)) as other:
        try:
            other.execute("BEGIN EXCLUSIVE")
            other.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            raise CheckFailed(cause, expected="a file that others can write to", got=str(error)) from None


def leave(service: Any, request: Request) -> None:
    """Send a request and go away without waiting for the answer."""
    body = request.content()
    head = f"{request.method} {request.path} HTTP/1.1\r\nHost: labs\r\nContent-Length: {len(body)}\r\n"
    parts = urlsplit(service.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=3) as client:
        client.sendall(f"{head}Content-Type: application/json\r\n\r\n".encode() + body)
