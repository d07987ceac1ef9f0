"""The guard goes first: a caller without a key learns nothing, and costs nothing."""

from __future__ import annotations

import pytest

from labs.judge import Request, Response, answered_in_time, away

TOO_LATE = (
    "A caller without a key made the service ask the database: the guard comes after the work. Put it into the route's "
    "`dependencies=[…]`, or before every parameter that costs something."
)


@pytest.mark.check(level="easy")
def test_summary_for_those_with_a_key(service, database, fresh):
    """With a key the summary has the numbers of rows; each of several keys will do."""
    keys = [fresh.secret(), fresh.secret()]
    service.start(API_KEY=",".join(keys))
    users = fresh.number(2, 5)
    ids = [database.add_user(name=fresh.name(), email=fresh.email()) for _ in range(users)]
    database.add_order(user_id=ids[0], item=fresh.item(), amount=fresh.number(1, 9_999))
    for key in keys:
        response = service.get("/admin/summary", headers={"X-API-Key": key})
        assert response.status == 200, "`API_KEY` holds two keys, separated by a comma: each of them opens the summary."
        got = {name: response.json.get(name) for name in ("users", "orders")}
        assert got == {"users": users, "orders": 1}, "The summary has the numbers of rows in the two tables."


@pytest.mark.check(level="medium", after="test_summary_for_those_with_a_key")
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
        response = service.get("/admin/summary", headers={} if key is None else {"X-API-Key": key})
        assert response.status == 401, why_let_in(what, response)


@pytest.mark.check(level="hard", after="test_no_summary_without_a_key")
def test_odd_key_is_refused(service, fresh):
    """A key that is not ASCII is a wrong key, not an accident."""
    for key in (f"clé-{fresh.token()}".encode(), f"{fresh.token()}ÿ".encode("latin-1")):
        response = service.get("/admin/summary", headers={"X-API-Key": key})
        assert response.status == 401, (
            "A key with a letter beyond ASCII was not answered with 401: `secrets.compare_digest` raises "
            "`TypeError` for such a `str`. Compare bytes: `.encode()` both."
        )


@pytest.mark.check(level="hard", after="test_no_summary_without_a_key")
def test_guard_goes_first(service, database):
    """A caller without a key costs nothing: the database is not asked."""
    service.get("/admin/summary")
    with away(database, fault="hang"):
        response = answered_in_time(service, Request("GET", "/admin/summary", deadline=1.5), TOO_LATE)
    assert response.status == 401, TOO_LATE
    with away(database):
        response = service.get("/admin/summary")
    assert response.status == 401, TOO_LATE


def why_let_in(what: str, response: Response) -> str:
    """Why a caller with `what` did not get 401."""
    if response.status == 200 and what in ("no key", "an empty key"):
        return (
            f"The summary was given to somebody with {what}: an empty part of `API_KEY` (here after a trailing comma) "
            "counts as a key. Drop empty parts, and call `require_api_key` for this route."
        )
    if response.status == 422:
        return (
            f"{what.capitalize()} was answered with 422: the header is required. "
            "Give it a default and refuse it yourself, with 401."
        )
    return f"A caller with {what} has to get 401. Compare whole keys, each for itself."
