"""Likely causes: what a failed check tells the learner. What the log says of a 5xx is added by the judge."""

from __future__ import annotations

from collections.abc import Sequence

from labs.judge import Response

from .steps import User, told, whole


def why_wrong(response: Response) -> str:
    """Why a user who is there was not answered."""
    if response.status >= 500:
        return "The handler failed."
    if response.status == 404:
        return "The user is in the database, and was not found: a user is taken for an absence."
    return "The answer is not what the database has. Does each user have a key of their own?"


def why_not_404(response: Response) -> str:
    """Why a user who does not exist was not answered with 404."""
    if response.status >= 500:
        return "`load()` returns `None` for a user who does not exist; return that."
    return "There is no such user in the database, so the answer is 404."


def why_no_hit(response: Response, user: User, users: Sequence[User]) -> str:
    """Why the second read of this user, one of these users, was not answered from their copy."""
    got = told(response)
    if response.status >= 500:
        return "The first read works, the second fails: what was stored can't be read back."
    if got.get("id") == user["id"] and got.get("email") == user["email"]:
        return (
            "The row was changed behind the service's back, and the second read saw it: it asked the database instead "
            "of answering from the copy. Look under the key first, and under the same key that was stored."
        )
    if any(got.get("id") == other["id"] for other in users):
        return "Another user's copy was answered: the id is not part of the key."
    return "What comes out of the copy is not what went in."


def why_stale(response: Response, old: User, method: str) -> str:
    """Why a read after a write does not show what was written; `old` is the user as they were before."""
    if response.status >= 500:
        return "The handler failed."
    if told(response) == whole(old):
        return (
            f"The old copy is still answered after a `{method}`: delete the copy when the change is committed, on "
            "every write."
        )
    return f"What is read after a `{method}` is neither the old nor the new state: look at what the write stores."


def why_unreadable(response: Response, what: str) -> str:
    """Why a copy that was overwritten with this was not taken for a miss."""
    if response.status >= 500:
        return f"Under the key stood {what}, and the read failed. An unreadable copy is not a copy: load the row."
    if response.status == 404:
        return (
            f"Under the key stood {what}, and the answer was a 404. Only the one value that you chose for that means "
            '"there is no such user"; everything else that is not a user is a miss, so answer (`return`) what the '
            "database says."
        )
    return (
        f"Under the key stood {what}, and a user was made of it. Check it against the schema: "
        "`User.model_validate_json`."
    )


def why_down(response: Response, what: str) -> str:
    """Why this, a read or a write, did not do without Redis."""
    if response.status >= 500:
        return f"Redis failed, and the {what} failed with it. The database has the truth: answer from there."
    if response.status == 404:
        return 'Redis failed, and that was taken for "there is no such user". The database would have known.'
    return f"Redis failed, and the {what} did not answer what the database says."
