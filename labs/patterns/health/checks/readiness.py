"""Ready: readiness asks the database and Redis, all at once, each time, and never for longer than its deadline."""

from __future__ import annotations

import re
import time

import pytest

from labs.judge import CacheServer, Response, ServiceUnderTest, away, no_response_means, start

from .causes import why_late, why_not_live, why_ready, why_status
from .reading import LIVE, READY, STARTUP
from .steps import HANG, LIMIT, become_ready, not_ready, probe, probe_until

CONNECTIONS = 10  # to Redis, for any number of probes

BLOCKED = (
    "Liveness had to wait while readiness asked Redis: a blocking call (a synchronous client, `time.sleep`) inside "
    "`async def` stops the whole event loop. Use the asynchronous client, or a thread."
)


@pytest.mark.check(level="easy", after=("test_startup_is_done", "test_not_ready_before_started"))
def test_ready_when_all_is_well(service):
    """`ready` is 200 when the database and Redis answer."""
    become_ready(service, "Database and Redis answer and readiness does not say 200.")


@pytest.mark.check(level="easy", after="test_ready_when_all_is_well")
def test_cache_down_is_named(service, cache):
    """Redis is down: `ready` is 503 and names it; `startup` stays 200."""
    become_ready(service)
    with away(cache):
        not_ready(service, {"database": "ok", "cache": "failed"}, "Redis is down")
        response = probe(service, STARTUP)
        assert response.status == 200, why_status(
            response, "Redis is down and `startup` fails with it: only readiness asks dependencies."
        )


@pytest.mark.check(level="medium", after="test_cache_down_is_named")
def test_database_is_asked_what_matters(service, database):
    """The table `users` is gone: `ready` is 503 and names the database."""
    become_ready(service)
    database.execute("ALTER TABLE users RENAME TO users_gone")
    try:
        not_ready(service, {"database": "failed", "cache": "ok"}, "The table `users` is gone")
    finally:
        database.execute("ALTER TABLE users_gone RENAME TO users")


@pytest.mark.check(level="medium", after="test_database_is_asked_what_matters")
def test_ready_recovers(service, database, cache):
    """When the dependencies are back `ready` is 200 again, without a restart; and 503 when they go again."""
    become_ready(service)
    for round_ in range(2):
        with away(database, cache):
            not_ready(
                service,
                {"database": "failed", "cache": "failed"},
                "Database and Redis are down" + " again" * round_,
            )
        become_ready(
            service,
            "Both are back and readiness still says no: a failure was remembered, or a client was broken for good. "
            "Readiness is a question about now.",
        )


@pytest.mark.check(level="hard", after=("test_ready_recovers", "test_live_asks_nobody"))
def test_starts_without_its_dependencies(service, database, cache):
    """Started while database and Redis are down, the service is alive, not ready, and ready once they are back."""
    with away(database, cache):
        start(
            service,
            "Database and Redis were down when the service started, and it did not start. Make the clients and connect "
            "later: in an outage, every pod that restarts would stay away.",
        )
        response = probe(service, LIVE)
        assert response.status == 200, why_not_live(
            response, "Database and Redis were down when the service started, and liveness depends on them."
        )
        response = probe(service, READY)
        assert response.status == 503, why_ready(response, "Database and Redis are down")
    become_ready(
        service,
        "Database and Redis were down when the service started. Both are back and readiness still says no: what was "
        "tried once at the start has to be tried again.",
    )


@pytest.mark.check(level="medium", after="test_cache_down_is_named")
def test_the_answer_tells_no_more(service, database, cache):
    """The answer says which dependency failed, and no host, port, path or exception."""
    become_ready(service)
    with away(database, cache):
        response = not_ready(service, None, "Database and Redis are down")
    secrets = {
        "Redis' address": f":{cache.port}",
        "a host": "127.0.0.1",
        "the database's file": database.path.name,
        "a URL": "://",
        "SQL": "select",
        "a traceback": "traceback",
        "the driver's words": "not a database",
    }
    told = [what for what, words in secrets.items() if words in response.text.lower()]
    told += re.findall(r"\b\w*(?:Error|Exception)\b", response.text)
    assert told == [], (
        "The answer carries the exception's text. Probes are open to whoever reaches the port: say which check failed, "
        "and write why to the log."
    )


@pytest.mark.check(level="medium", after="test_ready_when_all_is_well")
def test_downstream_is_optional(service, downstream):
    """Downstream is broken or hangs: `ready` stays 200."""
    become_ready(service)
    for fault in ("down", "hang"):
        with away(downstream, fault=fault):
            cause = (
                f"Downstream {'is down' if fault == 'down' else 'hangs'} and readiness depends on it. It is optional: "
                "don't ask it, or an outage of theirs would become yours."
            )
            for _ in range(3):
                probe_until(
                    service,
                    READY,
                    lambda response: response.status == 200 and response.seconds <= LIMIT,
                    lambda response: why_status(response, cause),  # noqa: B023
                    silent=cause,
                )


@pytest.mark.check(level="hard", after="test_ready_when_all_is_well")
def test_probes_share_connections(service, cache):
    """Thirty probes cost Redis a handful of connections, not thirty."""
    become_ready(service)
    before = cache.connections_made
    for _ in range(30):
        probe(service, READY)
    made = cache.connections_made - before
    assert made <= CONNECTIONS, (
        "Each probe opened a connection of its own. Probes come every few seconds for months: use the client that the "
        "service made when it started, whose pool keeps connections."
    )


@pytest.mark.check(level="hard", after=("test_ready_recovers", "test_live_asks_nobody"))
def test_a_hang_has_a_deadline(service, database, cache):
    """A dependency hangs: `ready` is 503 within 2.5 s, names it alone and asks all at once; `live` still answers."""
    become_ready(service)
    with away(cache, fault="hang"):
        first = live_meanwhile(service, cache)
        only_cache = not_ready(service, {"database": "ok", "cache": "failed"}, "Redis hangs", first=first)
        with away(database, fault="hang"):
            both = [not_ready(service, {"database": "failed", "cache": "failed"}, "Database and Redis hang")]
            cache.up()
            only_database = not_ready(service, {"database": "failed", "cache": "ok"}, "The database hangs")
            enough = at_once(only_cache.seconds, only_database.seconds)
            cache.hang()
            while both[-1].seconds > enough and len(both) < 3:  # a busy machine is late once, a sequence each time
                both.append(not_ready(service, {"database": "failed", "cache": "failed"}, "Database and Redis hang"))
    took = min(response.seconds for response in both)
    assert took <= enough, (
        f"One hanging dependency took {only_cache.seconds:.1f} s (Redis) or {only_database.seconds:.1f} s (database), "
        f"both together took {took:.1f} s: they are asked one after the other. Start all questions, "
        "then wait for all of them together."
    )
    become_ready(
        service,
        "Nothing hangs any more and readiness still says no: "
        "what was left behind by the hang keeps it from asking again.",
        patience=HANG,
    )


def live_meanwhile(service: ServiceUnderTest, cache: CacheServer) -> Response:
    """Fail unless liveness answers at once while readiness waits for Redis; what readiness said in the end."""
    for _ in range(3):
        before = len(cache.commands)
        pending = service.begin("GET", READY, deadline=6.0)
        end = time.monotonic() + 0.1  # for the question to be on its way; a monitor may not ask at all
        while len(cache.commands) == before and not pending.done() and time.monotonic() < end:
            time.sleep(0.002)
        live = probe(service, LIVE, why_silent=BLOCKED)
        with no_response_means(why_late("Redis hangs"), expected="503 within 2.5 s"):
            response = pending.result()
        if live.status != 200 or live.seconds <= 1.0:
            break
    assert live.seconds <= 1.0, BLOCKED
    assert live.status == 200, why_not_live(live, "Redis hangs, and liveness fails with it.")
    return response


def at_once(one: float, other: float) -> float:
    """Seconds that both may take together, when each alone took this long, to count as asked at once."""
    return max(0.3, max(one, other) + 0.6 * min(one, other))
