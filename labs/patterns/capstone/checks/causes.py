"""Likely causes: what a failed check tells the learner."""

from __future__ import annotations

from labs.judge import Response


def why_not_503(response: Response, asked: str) -> str:
    if response.status == 404:
        return f"The database is away, and `{asked}` says that there is no such thing: an error while looking is no “not found”."
    if response.status == 500:
        return (
            f"The database is away, and `{asked}` is a 500, as if it were a bug. `outage` has to know the errors that mean “away”: SQLAlchemy's "
            "`DBAPIError` (all but the bugs among them), its `TimeoutError` of the pool, and `OSError`."
        )
    return f"The database is away, so `{asked}` is a 503."
