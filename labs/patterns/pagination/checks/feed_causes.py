"""Likely causes of what goes wrong with the feed: what a failed check tells the learner."""

from __future__ import annotations

from typing import Any

from labs.judge import Response

from .rows import Row, ids


def why_no_feed(response: Response, query: Row) -> str:
    """Why the feed is not answered with 200."""
    if response.status == 422 and not query:
        return (
            "`/orders/feed` got a 422: if `/orders/{id}` is declared before it, `feed` is taken for an id. Routes are "
            "tried in their order."
        )
    if response.status in (404, 405):
        return "There is no `GET /orders/feed`."
    if response.status == 422 and "cursor" in query:
        return (
            "A cursor that the feed gave out is refused by it. It comes back as it was sent, escaped for the URL: "
            "does decoding undo encoding, for every order?"
        )
    if response.status >= 500:
        return "The feed failed on a request that is in order."
    return f"A page of the feed is answered with 200, and this is {response.status}."


def why_feed(seen: list[Any], rows: list[Row], limit: int) -> str:
    """Why following the feed, `limit` at a time, did not show every row once, in order."""
    wanted = ids(rows)
    times = {row["id"]: row["created_at"] for row in rows}
    missing = [number for number in wanted if number not in seen]
    first_seen = list(dict.fromkeys(seen))
    if len(first_seen) < len(seen) and first_seen == wanted:
        return (
            "Orders are shown twice: where a page ends, the next one begins again with the same order or the same "
            "moment. Go on *after* the last one shown, with `<` on the whole sort key, `created_at` and `id`."
        )
    if not missing and len(first_seen) == len(seen):
        return "Every order is there, in the wrong order: `created_at`, then `id`, both descending."
    pair = (
        "A cursor has to hold the key that the feed is sorted by, and compare it as a pair: `(created_at, id) < (…, "
        "…)`."
    )
    if [number for number in wanted if number in seen] != seen:
        return (
            f"Orders are missing or shown twice, and the order breaks where a new page begins. {pair} Ids alone are "
            "given in another order."
        )
    if seen == wanted[: len(seen)]:
        return (
            "The feed ends too early. Either `next_cursor` is `null` because a page is full, which does not say that "
            f"nothing follows (ask for one row more than you show), or the condition leaves out what follows. {pair}"
        )
    kept = {times[number] for number in seen}
    if all(times[number] in kept for number in missing):
        return (
            "Of the orders with the same `created_at`, those behind the end of a page are never shown: the cursor "
            f"leaps over them, because it holds the time alone, or because both parts have to be smaller. {pair}"
        )
    if len(missing) <= len(rows) // limit:
        return (
            "Orders between two pages are never shown: does the cursor point behind the last one that was shown? With "
            f"one row more asked for than shown, take the key of the last one *shown*. {pair}"
        )
    return (
        f"Many orders are never shown, because the condition leaves them out. {pair} Spelled out, that is `created_at "
        "< … OR (created_at = … AND id < …)`: with `AND` between the two, or with the id alone, rows fall through."
    )


def why_moved(seen: list[int], there: list[int], what: str) -> str:
    """Why following the feed lost or repeated rows while others came in or went, which `what` says."""
    if len(set(seen)) < len(seen):
        return (
            f"Orders are shown twice when others {what}: the cursor counts how many were shown (an offset by another "
            "name), and everything has moved. It has to say after which key to go on."
        )
    missing = [number for number in there if number not in seen]
    if missing and seen == there[: len(seen)]:
        return (
            "After an order was deleted, nothing more is shown: the cursor names that order, and its time is looked "
            "up in a row that is gone. Put the whole key into the cursor, `created_at` and `id`."
            if what == "go"
            else f"The feed ends early when orders {what}."
        )
    if missing:
        return (
            f"Orders are left out when others {what}: the cursor counts how many were shown (an offset by another "
            "name), and everything has moved. It has to say after which key to go on."
        )
    return f"The order of the feed changes when orders {what}."


def why_forged(response: Response) -> str:
    """Why an invalid cursor was not answered with 422."""
    if response.status >= 500:
        return (
            "A cursor that nobody gave out made the service fail. It comes from a client: catch what decoding raises, "
            "check the type and size of everything inside, and answer 422."
        )
    if response.status == 200:
        return (
            "An invalid cursor is taken for no cursor, or for a comparison with nonsense: the client gets the "
            "first page again, or some page, and never learns why. Answer 422."
        )
    return f"An invalid cursor is refused with 422; this is {response.status}."
