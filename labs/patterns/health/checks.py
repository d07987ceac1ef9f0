"""What a service says about its health, seen by whoever probes it: a kubelet, a load balancer, a crowd."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from labs.judge import Answer, CheckFailed, Request

LIVE, READY, STARTUP, DRAIN = "/health/live", "/health/ready", "/health/startup", "/health/drain"
PATIENCE = 2.5  # seconds for the truth to arrive: an answer may be a second old
HANG = 4.0  # the same when something hangs, and a round of questions may take 2.5 s
CROWDED = 6.0  # the same for forty probes at once, each with its questions, on a busy machine
LIMIT = 2.5  # seconds for an answer of readiness
CROWD = 40
CONNECTIONS = 10  # to Redis, for any number of probes
OVER_A_HANG = 25  # the same over a whole hang: where one was given up, the next question takes a new one

Why = Callable[[Answer], str]


# Alive


@pytest.mark.check("alive", level="easy")
def test_live_answers(service):
    """`GET /health/live` answers 200."""
    answer = probe(service, LIVE)
    assert answer.status == 200, why_not_live(answer, "The process answers, so it is alive: 200.")


@pytest.mark.check("alive", level="medium", after="test_live_answers")
def test_live_asks_nobody(service, database, cache, downstream):
    """Liveness asks no dependency, and stays 200, within a second, while all of them are broken or hang."""
    asked = len(cache.commands) + len(downstream.calls)
    for _ in range(10):
        probe(service, LIVE)
    asked = len(cache.commands) + len(downstream.calls) - asked
    assert asked < 10, (  # readiness may have a task that asks by itself, now and then
        "Each probe of liveness asked a dependency. Whatever comes back, a restart would not help: don't ask, and there is nothing to "
        "catch or to wait for."
    )
    for what in ("down", "hang"):
        with fault(
            *(getattr(backing, what) for backing in (database, cache, downstream)),
            ends=(database, cache, downstream),
        ):
            answer = prompt_live(
                service,
                "Liveness hangs with a dependency: it asks one, or the event loop is blocked by something that does. Kubernetes "
                "would restart every pod.",
            )
        broken = "are down" if what == "down" else "hang"
        assert answer.status == 200, why_not_live(
            answer,
            f"Database, Redis and downstream {broken}, and liveness asks one of them: Kubernetes would restart every pod, and a "
            "restart cures none of them.",
        )
        assert answer.seconds <= 1.0, (
            f"Liveness was slow while the dependencies {broken}: it asks one of them. The kubelet hangs up after a second."
        )


# Not yet


@pytest.mark.check("starting", level="easy", after="test_live_answers")
def test_startup_is_done(service):
    """`GET /health/startup` answers 200 once initialisation is done."""
    until(
        service,
        STARTUP,
        has_status(200),
        why_never_started("Initialisation takes no time here and `startup` never said 200."),
    )


@pytest.mark.check("starting", level="medium", after="test_startup_is_done")
def test_startup_takes_its_time(service, fresh):
    """Until initialisation is done `startup` is 503, and the process is alive."""
    takes = fresh.number(15, 20) / 100
    begun = time.monotonic()
    start(service, STARTUP_SECONDS=f"{takes}")
    for _ in range(3):
        live = probe(
            service,
            LIVE,
            why_silent="The process does not answer while it initialises: something blocks the event loop.",
        )
        assert live.status == 200, why_not_live(
            live,
            "A process that is still initialising is alive: restarting it now would only make it begin again. That is what `startup` tells.",
        )
        watch_startup(
            service,
            begun + takes,
            "Initialisation was still running (`STARTUP_SECONDS`) and `startup` said 200: set the flag "
            "when `warm_up` has come back, not before.",
            once=True,
        )
    watch_startup(
        service,
        begun + takes,
        "Initialisation was still running (`STARTUP_SECONDS`) and `startup` said 200: set the flag when "
        "`warm_up` has come back, not before.",
    )
    until(
        service,
        STARTUP,
        has_status(200),
        why_never_started("Initialisation is long done and `startup` still does not say 200."),
    )


@pytest.mark.check("starting", level="hard", after="test_startup_takes_its_time")
def test_a_failed_start_is_tried_again(service):
    """An initialisation that fails is no success, and is tried again until it succeeds."""
    takes, failures = 0.06, 2
    begun = time.monotonic()
    start(
        service,
        "The first attempt at initialisation failed and took the service with it. Catch the exception and try again: "
        "a process that dies here comes back into the same trouble.",
        STARTUP_SECONDS=f"{takes}",
        STARTUP_FAILURES=f"{failures}",
    )
    watch_startup(
        service,
        begun + takes * (failures + 1),
        f"`startup` said 200 although the first {failures} attempts fail: a failed attempt "
        "was taken for a success. A `finally`, or an `except` that goes on, sets the flag after a failure, too.",
    )
    until(
        service,
        STARTUP,
        has_status(200),
        why_never_started(
            f"The first {failures} attempts failed, the next one succeeds, and `startup` never said 200. Either the exception ended the "
            "task (asyncio tells nobody), or it was tried again only once."
        ),
        patience=HANG,
    )


# Not any more


@pytest.mark.check("leaving", level="easy", after="test_startup_takes_its_time")
def test_not_ready_before_started(service, fresh):
    """`ready` is 503 as long as initialisation runs."""
    takes = fresh.number(40, 50) / 100
    begun = time.monotonic()
    start(service, STARTUP_SECONDS=f"{takes}")
    answer = probe(service, READY)
    if time.monotonic() < begun + takes:
        assert answer.status == 503, why_in_service(
            answer,
            "Initialisation is still running and the load balancer is told to send "
            "requests: readiness has to ask whether the service has started.",
        )


@pytest.mark.check("leaving", level="easy", after="test_startup_is_done")
def test_drain_ends_readiness(service):
    """After `POST /health/drain` (202) `ready` says 503."""
    drained(service)
    for _ in range(3):
        answer = probe(service, READY)
        assert answer.status == 503, why_in_service(
            answer,
            "The service was asked to drain and still says that it is ready: `drain` has to set what readiness looks at first, "
            "ahead of every answer that is kept.",
        )


@pytest.mark.check("leaving", level="medium", after="test_drain_ends_readiness")
def test_draining_service_goes_on(service, database, fresh):
    """A draining service is alive and answers whatever still arrives."""
    user = {"name": fresh.name(), "email": fresh.email()}
    user["id"] = database.add_user(**user)
    drained(service)
    live, startup = probe(service, LIVE), probe(service, STARTUP)
    assert live.status == 200, why_not_live(
        live,
        "A draining service is alive: it still has requests to answer. Liveness that fails now gets it killed in the middle of them.",
    )
    assert startup.status == 200, why_status(
        startup, "Draining does not undo that the service has started: `startup` stays 200."
    )
    answer = probe(service, f"/users/{user['id']}")
    assert answer.status == 200, why_status(
        answer,
        "Requests still arrive for a second or two after `drain`, because the cluster learns late. They are answered as always.",
    )
    assert {name: answer.json.get(name) for name in user} == user, "A draining service answers as always."
    again = probe(service, DRAIN, method="POST")
    assert again.status == 202, why_status(
        again, "Asked to drain a second time, it says 202 again: hooks are repeated."
    )


# Ready


@pytest.mark.check("readiness", level="easy", after=("test_startup_is_done", "test_not_ready_before_started"))
def test_ready_when_all_is_well(service):
    """`ready` is 200 when the database and Redis answer."""
    become_ready(service, "Database and Redis answer and readiness does not say 200.")


@pytest.mark.check("readiness", level="easy", after="test_ready_when_all_is_well")
def test_cache_down_is_named(service, cache):
    """Redis is down: `ready` is 503 and names it; `startup` stays 200."""
    become_ready(service)
    with fault(cache.down, ends=[cache]):
        not_ready(service, {"database": "ok", "cache": "failed"}, "Redis is down")
        answer = probe(service, STARTUP)
        assert answer.status == 200, why_status(
            answer, "Redis is down and `startup` fails with it: only readiness asks dependencies."
        )


@pytest.mark.check("readiness", level="medium", after="test_cache_down_is_named")
def test_database_is_asked_what_matters(service, database):
    """The table `users` is gone: `ready` is 503 and names the database."""
    become_ready(service)
    database.execute("ALTER TABLE users RENAME TO users_gone")
    try:
        not_ready(service, {"database": "failed", "cache": "ok"}, "The table `users` is gone")
    finally:
        database.execute("ALTER TABLE users_gone RENAME TO users")


@pytest.mark.check("readiness", level="medium", after="test_database_is_asked_what_matters")
def test_ready_recovers(service, database, cache):
    """When the dependencies are back `ready` is 200 again, without a restart; and 503 when they go again."""
    become_ready(service)
    for round_ in range(2):
        with fault(database.down, cache.down, ends=(database, cache)):
            not_ready(
                service,
                {"database": "failed", "cache": "failed"},
                "Database and Redis are down" + " again" * round_,
            )
        until(
            service,
            READY,
            has_status(200),
            lambda answer: why_status(
                answer,
                "Both are back and readiness still says no: a failure was remembered, or a client was broken for good. Readiness is a "
                "question about now.",
            ),
        )


@pytest.mark.check("readiness", level="hard", after=("test_ready_recovers", "test_live_asks_nobody"))
def test_starts_without_its_dependencies(service, database, cache):
    """Started while database and Redis are down, the service is alive, not ready, and ready once they are back."""
    with fault(database.down, cache.down, ends=(database, cache)):
        start(
            service,
            "Database and Redis were down when the service started, and it did not start. Make the clients and connect later: in an "
            "outage, every pod that restarts would stay away.",
        )
        answer = probe(service, LIVE)
        assert answer.status == 200, why_not_live(
            answer, "Database and Redis were down when the service started, and liveness minds."
        )
        answer = probe(service, READY)
        assert answer.status == 503, why_ready(answer, "Database and Redis are down")
    until(
        service,
        READY,
        has_status(200),
        lambda answer: why_status(
            answer,
            "Database and Redis were down when the service started. Both are back and readiness still says no: what was tried once at the "
            "start has to be tried again.",
        ),
    )


@pytest.mark.check("readiness", level="medium", after="test_cache_down_is_named")
def test_the_answer_tells_no_more(service, database, cache):
    """The answer says which dependency failed, and no host, port, path or exception."""
    become_ready(service)
    with fault(database.down, cache.down, ends=(database, cache)):
        answer = not_ready(service, None, "Database and Redis are down")
    secrets = {
        "Redis' address": f":{cache.port}",
        "a host": "127.0.0.1",
        "the database's file": database.path.name,
        "a URL": "://",
        "SQL": "select",
        "a traceback": "traceback",
        "the driver's words": "not a database",
    }
    told = [what for what, words in secrets.items() if words in answer.text.lower()]
    told += re.findall(r"\b\w*(?:Error|Exception)\b", answer.text)
    assert told == [], (
        "The answer carries the exception's text. Probes are open to whoever reaches the port: say which check failed, and write why "
        "to the log."
    )


@pytest.mark.check("readiness", level="medium", after="test_ready_when_all_is_well")
def test_downstream_is_optional(service, downstream):
    """Downstream is broken or hangs: `ready` stays 200."""
    become_ready(service)
    for what in ("down", "hang"):
        with fault(getattr(downstream, what), ends=[downstream]):
            minds = (
                f"Downstream {'is down' if what == 'down' else 'hangs'} and readiness minds. It is optional: don't ask it, or an "
                "outage of theirs would become yours."
            )
            for _ in range(3):
                until(
                    service,
                    READY,
                    lambda answer: answer.status == 200 and answer.seconds <= LIMIT,
                    lambda answer: why_status(answer, minds),  # noqa: B023
                    silent=minds,
                )


@pytest.mark.check("readiness", level="hard", after="test_ready_when_all_is_well")
def test_probes_share_connections(service, cache):
    """Thirty probes cost Redis a handful of connections, not thirty."""
    become_ready(service)
    before = cache.connections_made
    for _ in range(30):
        probe(service, READY)
    made = cache.connections_made - before
    assert made <= CONNECTIONS, (
        "Each probe opened a connection of its own. Probes come every few seconds for months: use the client that the service made "
        "when it started, whose pool keeps connections."
    )


@pytest.mark.check("readiness", level="hard", after=("test_ready_recovers", "test_live_asks_nobody"))
def test_a_hang_has_a_deadline(service, database, cache):
    """A dependency hangs: `ready` is 503 within 2.5 s and names that one only; `live` answers meanwhile. All are asked at once."""
    become_ready(service)
    with fault(cache.hang, ends=[cache]):
        first = live_meanwhile(service, cache)
        only_cache = not_ready(service, {"database": "ok", "cache": "failed"}, "Redis hangs", first=first)
        with fault(database.hang, ends=[database]):
            both = [not_ready(service, {"database": "failed", "cache": "failed"}, "Database and Redis hang")]
            cache.up()
            only_database = not_ready(service, {"database": "failed", "cache": "ok"}, "The database hangs")
            enough = at_once(only_cache.seconds, only_database.seconds)
            cache.hang()
            while both[-1].seconds > enough and len(both) < 3:  # a busy machine is late once, a sequence each time
                both.append(not_ready(service, {"database": "failed", "cache": "failed"}, "Database and Redis hang"))
    took = min(answer.seconds for answer in both)
    assert took <= enough, (
        f"One hanging dependency took {only_cache.seconds:.1f} s (Redis) or {only_database.seconds:.1f} s (database), both together took "
        f"{took:.1f} s: they are asked one after the other. Start all questions, then wait for all of them together."
    )
    until(
        service,
        READY,
        has_status(200),
        lambda answer: why_status(
            answer,
            "Nothing hangs any more and readiness still says no: what was left behind by the hang keeps it from asking again.",
        ),
        patience=HANG,
    )


# A crowd


@pytest.mark.check("crowd", level="hard", after="test_ready_recovers")
def test_a_crowd_gets_the_truth(service, cache):
    """Forty probes at once all get the truth of now: ready, not ready, ready again."""
    become_ready(service)
    everybody(service, 200, "Database and Redis answer, and")
    with fault(cache.down, ends=[cache]):
        everybody(service, 503, "Redis is down, and")
    everybody(service, 200, "Redis is back, and")


@pytest.mark.check("crowd", level="expert", after="test_a_hang_has_a_deadline")
def test_a_crowd_is_cheap_while_redis_hangs(service, cache):
    """Redis hangs and forty probes come at once: 503 for all within 2.5 s, `live` answers, ten connections at most."""
    become_ready(service)
    with fault(cache.hang, ends=[cache]):
        known = time.monotonic() + 1.0  # what readiness says may be this old
        while True:
            before = cache.connections_made
            begun = time.monotonic()
            pending = [service.begin("GET", READY, deadline=HANG) for _ in range(CROWD)]
            live = probe(
                service,
                LIVE,
                why_silent="Liveness got no answer while forty probes of readiness were waiting: something blocks the event loop.",
            )
            answers = [settled(future) for future in pending]
            made = cache.connections_made - before
            if begun > known or all(answer.status == 503 for answer in answers):
                break
            not_ready(service, {"database": "ok", "cache": "failed"}, "Redis hangs")
    assert live.status == 200, why_not_live(live, "Liveness failed while forty probes of readiness were waiting.")
    assert sorted({answer.status for answer in answers}) == [503], (
        "Redis hangs, and not every probe of the crowd was told 503."
    )
    assert made <= OVER_A_HANG, (
        f"{made} connections to Redis for {CROWD} probes: each of them asks by itself. Let those that come while a round of questions "
        "is under way wait for its answer."
    )
    slowest = max(answer.seconds for answer in answers)
    assert slowest <= LIMIT, (
        "In a crowd some probes wait longer than one alone: they queue for a connection or for a lock, each with a deadline of its own that "
        "begins late."
    )
    until(
        service,
        READY,
        has_status(200),
        lambda answer: why_status(
            answer,
            "Redis answers again and readiness still says no: the round of the crowd was kept, or never ended.",
        ),
        patience=HANG,
    )


# Steps


def probe(service: Any, path: str, *, method: str = "GET", why_silent: str = "") -> Answer:
    """One request. The cause is `why_silent`, when given, if no answer comes."""
    try:
        return service.request(method, path)
    except CheckFailed as error:
        if not why_silent:
            raise
        raise CheckFailed(why_silent, expected=error.expected, got=error.got) from None


def start(service: Any, why: str = "", **environment: str) -> None:
    """Start the service with this environment; the cause when it does not start."""
    try:
        service.start(**environment)
    except CheckFailed as error:
        raise CheckFailed(
            f"{why} ({error.cause})" if why else error.cause, expected=error.expected, got=error.got
        ) from None


def settled(future: Any) -> Answer:
    """The answer to a request of a crowd."""
    try:
        answer: Answer = future.result()
    except CheckFailed as error:
        raise CheckFailed(
            f"One of {CROWD} probes at once got no answer within {HANG:g} s: they wait for each other, or for connections.",
            expected=error.expected,
            got=error.got,
        ) from None
    return answer


def until(
    service: Any,
    path: str,
    wanted: Callable[[Answer], bool],
    why: Why,
    *,
    expected: str = "",
    silent: str = "",
    patience: float = PATIENCE,
) -> Answer:
    """Probe until the answer is the wanted one; answers may be a second old. Fails with the cause of the last one."""
    end = time.monotonic() + patience
    while True:
        answer = probe(service, path, why_silent=silent or silence(path))
        if wanted(answer):
            return answer
        if time.monotonic() > end or answer.status not in (200, 503):
            raise CheckFailed(why(answer), expected=expected or "200 OK", got=answer)
        time.sleep(0.01)


def has_status(status: int) -> Callable[[Answer], bool]:
    """Whether an answer has this status."""
    return lambda answer: answer.status == status


def become_ready(service: Any, why: str = "Everything is well and readiness does not say 200.") -> None:
    """Wait until the service is ready."""
    until(service, READY, has_status(200), lambda answer: why_status(answer, why))


def not_ready(service: Any, checks: dict[str, str] | None, what: str, *, first: Answer | None = None) -> Answer:
    """Wait until readiness says 503, within its time, with these checks. `first` is an answer that came already."""

    def wanted(answer: Answer) -> bool:
        return answer.status == 503 and answer.seconds <= LIMIT and (checks is None or named(answer) == checks)

    def why(answer: Answer) -> str:
        if answer.status == 200:
            return why_ready(answer, what)
        if answer.status != 503:
            return why_status(answer, f"{what}: readiness says 503.")
        if answer.seconds > LIMIT:
            return why_late(what)
        assert checks is not None
        return why_named(answer, checks, what)

    if first is not None and wanted(first):
        return first
    expected = "503 within 2.5 s" + (f'\n{{"checks": {checks}}}'.replace("'", '"') if checks is not None else "")
    return until(
        service,
        READY,
        wanted,
        why,
        expected=expected,
        patience=HANG if what.endswith(("hang", "hangs")) else PATIENCE,
    )


def named(answer: Answer) -> Any:
    """What the answer says of the database and of Redis."""
    body = answer.json
    checks = body.get("checks") if isinstance(body, dict) else None
    if not isinstance(checks, dict):
        return None
    return {name: checks.get(name) for name in ("database", "cache")}


def watch_startup(service: Any, end: float, why: str, *, once: bool = False) -> None:
    """`startup` must not be 200 before this moment."""
    while time.monotonic() < end:
        answer = probe(
            service,
            STARTUP,
            why_silent=(
                "`startup` got no answer within 3 s while initialisation ran: something in it blocks the event loop (`time.sleep`, a synchronous "
                "client)."
            ),
        )
        if time.monotonic() >= end:
            return
        assert answer.status == 503, why_started(answer, why)
        if once:
            return
        time.sleep(0.01)


def drained(service: Any) -> None:
    """A service that has started and was asked to drain."""
    until(service, STARTUP, has_status(200), why_never_started("`startup` never said 200."))
    answer = probe(service, DRAIN, method="POST")
    assert answer.status == 202, why_status(
        answer, "`POST /health/drain` is answered with 202: accepted, it takes effect from now on."
    )


def prompt_live(service: Any, why_silent: str) -> Answer:
    """Liveness, asked up to three times when it is slow: a busy machine is late once, a question each time."""
    for _ in range(3):
        answer = probe(service, LIVE, why_silent=why_silent)
        if answer.status != 200 or answer.seconds <= 1.0:
            break
    return answer


def live_meanwhile(service: Any, cache: Any) -> Answer:
    """While a probe of readiness waits for Redis, liveness answers at once. What readiness said in the end."""
    for _ in range(3):
        before = len(cache.commands)
        pending = service.begin("GET", READY, deadline=6.0)
        end = time.monotonic() + 0.1  # for the question to be on its way; a monitor may not ask at all
        while len(cache.commands) == before and not pending.done() and time.monotonic() < end:
            time.sleep(0.002)
        live = probe(service, LIVE, why_silent=_BLOCKED)
        try:
            answer: Answer = pending.result()
        except CheckFailed as error:
            raise CheckFailed(why_late("Redis hangs"), expected="503 within 2.5 s", got=error.got) from None
        if live.status != 200 or live.seconds <= 1.0:
            break
    assert live.seconds <= 1.0, _BLOCKED
    assert live.status == 200, why_not_live(live, "Redis hangs, and liveness fails with it.")
    return answer


def at_once(one: float, other: float) -> float:
    """How long both may take together, when each alone took this long, to count as asked at once."""
    return max(0.3, max(one, other) + 0.6 * min(one, other))


def everybody(service: Any, status: int, when: str) -> None:
    """Forty probes at once, until all of them get this status."""
    end = time.monotonic() + CROWDED
    while True:
        pending = [service.begin("GET", READY, deadline=HANG) for _ in range(CROWD)]
        answers = [settled(future) for future in pending]
        wrong = [answer for answer in answers if answer.status != status]
        if not wrong:
            return
        if time.monotonic() > end or wrong[0].status not in (200, 503):
            raise CheckFailed(
                why_status(
                    wrong[0],
                    f"{when} {len(wrong)} of {CROWD} probes at once were told otherwise: what a crowd shares is the round of "
                    "questions that is under way, not the answer of an earlier one, nor a refusal.",
                ),
                expected=f"{CROWD} times {status}",
                got=wrong[0],
            )
        time.sleep(0.02)


@contextmanager
def fault(*begin: Callable[[], None], ends: Any) -> Iterator[None]:
    """Faults that end with the block, however it ends: a service with a stuck dependency is slow to stop."""
    try:
        for one in begin:
            one()
        yield
    finally:
        for backing in ends:
            backing.up()


# Causes

_BLOCKED = (
    "Liveness had to wait while readiness asked Redis: a blocking call (a synchronous client, `time.sleep`) inside `async def` stops "
    "the whole event loop. Use the asynchronous client, or a thread."
)


def silence(path: str) -> str:
    """Why no answer came within the judge's own deadline."""
    if path == READY:
        return why_late("A dependency hangs")
    return f"`{path}` got no answer within 3 s: it waits for something, and there is nothing to wait for."


def why_late(what: str) -> str:
    """Why readiness took more than 2.5 s."""
    return (
        f"{what}, and readiness did not answer within 2.5 s. The clients' own time-outs are longer; and a deadline that cancels a task and then "
        "waits for its end (`asyncio.timeout`, `wait_for`) does not hold for a database call on a thread: `asyncio.wait(tasks, timeout=…)` does."
    )


def why_status(answer: Answer, otherwise: str) -> str:
    """What an unexpected status means, or the given cause."""
    path = answer.request.path
    if answer.status in (401, 403):
        return (
            f"`{path}` asks for a key or token, and the kubelet has none: keep the probes outside of what is protected."
        )
    if answer.status == 404 and path.startswith("/health"):
        return f"There is no `{answer.request.method} {path}`."
    if answer.status == 500 and path == READY:
        return f"`{path}` raised an exception: an unhealthy dependency is an answer, not a crash. Catch what the question raises."
    if answer.status == 500:
        return f"`{path}` raised an exception."
    return otherwise


def why_in_service(answer: Answer, otherwise: str) -> str:
    """Why readiness is not 503 although the service has not started, or is draining: it should ask nobody then."""
    if answer.status == 500:
        return (
            "Readiness went on to ask the dependencies, and stumbled: `in_service` has to say no before the service has started, and "
            "when it drains."
        )
    return why_status(answer, otherwise)


def why_started(answer: Answer, otherwise: str) -> str:
    """Why startup says 200 too early."""
    if answer.status == 200 and re.search(
        r"false|starting|pending|progress|not[ _]|\bno\b", answer.text, re.IGNORECASE
    ):
        return (
            "The body of `startup` says that it has not started, and the status is 200. The kubelet reads the status code and nothing "
            "else: 503."
        )
    return why_status(answer, otherwise)


def why_not_live(answer: Answer, otherwise: str) -> str:
    """Why liveness is not 200."""
    if answer.status == 204:
        return "The contract's answer is 200."
    if answer.status == 500:
        return otherwise  # and the log says what was raised
    return why_status(answer, otherwise)


def why_never_started(otherwise: str) -> Why:
    """Why startup never said 200."""
    return lambda answer: why_status(answer, otherwise)


def why_ready(answer: Answer, what: str) -> str:
    """Why readiness says 200 although something is wrong."""
    if re.search(r"not.ready|unhealthy|failed|error|\bdown\b|false", answer.text, re.IGNORECASE):
        return f"{what}: the body says so and the status is 200. The kubelet and the load balancer read the status code and nothing else: 503."
    if "users" in what:
        return (
            f"{what} and readiness says 200. `SELECT 1` proves that there is a connection, not that the service can work: ask for the table "
            "that it needs."
        )
    if "again" in what:
        return f"{what} and readiness says 200: it noticed the first time only. Ask again for each probe."
    return (
        f"{what} and readiness says 200: it does not ask, or it gives the answer of an earlier time (of the start, perhaps). Readiness is a "
        "question about now."
    )


def why_named(answer: Answer, checks: dict[str, str], what: str) -> str:
    """Why the checks in a 503 are not the right ones."""
    got = named(answer)
    if got is None:
        return (
            'The body lacks `checks`, an object that names the dependencies: `{"database": "ok", "cache": "failed"}`.'
        )
    values = [str(value) for value in got.values()]
    if any(value not in ("ok", "failed") for value in values):
        if any(re.search(r"error|connect|sqlite|timeout|no such", value, re.IGNORECASE) for value in values):
            return "`checks` carries the exception's text: say `failed`, and write why to the log."
        return "`checks` has to say `ok` or `failed` for `database` and for `cache`."
    if got == {"database": "failed", "cache": "failed"} and what.endswith(("hangs", "down", "gone")):
        return (
            f"{what}, and both are called failed. One that does not answer takes the other's good answer with it: give each question its own "
            "outcome. A deadline around all of them, or a `gather` that raises, throws away what was there."
        )
    if "ok" in values and checks == {"database": "failed", "cache": "failed"}:
        return f"{what}, and only one is named: the second was not asked, or not waited for, once the first had failed."
    return f"{what}, and `checks` says something else: the outcomes are mixed up, or older than a second."
