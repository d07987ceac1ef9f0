"""Likely causes: what a failed check tells the learner."""

from __future__ import annotations

from typing import Any

from labs.judge import Response

from .policies import Policy
from .steps import LIMIT, short


def why_blank(policy: Policy, directive: str, what: str) -> str:
    """Why the page does not work under its policy: a browser refuses `what`, which this directive decides."""
    if policy.get("default-src") == ["'none'"] and not any(name.startswith("script-src") for name in policy):
        return (
            "`/docs` has the policy for JSON, so a browser shows an empty page with status 200. Either the policy for "
            "the page is not written, or what adds the headers overwrites what the route has decided, or adds a "
            "second policy (a browser obeys both): set only what is not set yet."
        )
    if "inline" in what:
        return (
            f"A browser refuses {what}. Its hash has to be in `{directive}` as `'sha256-…'`: the base64 of the "
            "SHA-256 of everything between the tags, line breaks and spaces included. `'self'` does not cover inline "
            "code."
        )
    return (
        f"A browser refuses to load {what}: `{directive}` (or `default-src`) of the page's policy does not allow it, "
        "so the page stays empty."
    )


def why_loose(found: list[str]) -> str:
    """Why the policy lets in what it should stop: by these sources."""
    if "'unsafe-inline'" in found:
        return (
            "`'unsafe-inline'` allows exactly what an injected script is: inline. Name the page's own script by its "
            "hash, or with a nonce."
        )
    return f"The policy allows scripts wholesale ({', '.join(found)}), so it stops nothing. Name what the page needs."


def why_refused(password: str, age: int | None) -> str:
    """Why a user within the limits was not created."""
    if age is None:
        return "A user without an age is not created: `age` is optional, so it needs a default."
    if len(password) in (8, 128) or age in (0, 150):
        return (
            "A user exactly at the limits is not created: passwords of 8 and of 128 characters, and ages of 0 and "
            "150, are allowed."
        )
    return "A user whom the contract allows is not created."


def why_rule(member: str, value: Any) -> str:
    """Why a value out of bounds was taken."""
    if member == "email":
        return f"{short(value)} was taken as an e-mail address. Patterns of one's own let nonsense in: use `EmailStr`."
    if member == "password":
        if len(value) > 128:
            return (
                "A password of more than 128 characters was taken: whoever sends one decides how long hashing it "
                "takes. Every text needs an upper bound."
            )
        return "A password of fewer than 8 characters was taken."
    return f"An age of {value} was taken: ages go from 0 to 150."


def why_odd(response: Response, member: str) -> str:
    """Why odd JSON was taken, or became a 500."""
    if response.status != 500:
        return "This is not a value for the member and was not refused."
    if member == "name":
        return (
            "Half of a surrogate pair came as a name and became a 500: it is not text, and no answer can be written "
            "with it. Either it was taken (Pydantic looks into a text only if it has a rule to check, such as an "
            "upper bound), or the refusal repeats it."
        )
    return (
        "The error handler itself failed: what was sent can't be written as JSON (`NaN`, half of a surrogate pair), "
        "and it was in the answer. Take `loc` and `type` of each misfit, nothing else."
    )


def why_repeated(response: Response, value: str) -> str:
    """Why a refusal repeats this value."""
    if '"input"' in response.text:
        return (
            "`input` repeats what was sent; when a member is missing it is the whole body, password included. Take "
            "`loc` and `type` of each misfit."
        )
    if "validation error" in response.text:
        return "`str(error)` of a validation error lists every value that was sent. Say it in words of your own."
    if '"msg"' in response.text or "Value error" in response.text:
        return "The text of a validator (`msg`) quotes the value. Take `loc` and `type` of each misfit."
    return "The refusal repeats what was sent. Say which member does not fit, not what was in it."


def why_not_413(response: Response, size: int) -> str:
    """Why a body of this size, in bytes, was not refused as too large."""
    if response.status < 400 or response.status == 422:
        if size == LIMIT + 1:
            return (
                "A body of 65,537 bytes was read and handled. The limit is 65,536: what is larger is refused, "
                "whatever is in it, before anybody reads it."
            )
        return "A body of more than 64 KiB was read and handled: refuse it before anybody reads it."
    if response.status in (400, 500):
        return (
            f"A body that is too large became a {response.status}: what counts raises, and somebody further in makes "
            "something else of it (FastAPI answers 400 when reading a body fails). Send the 413 yourself, or raise "
            "the framework's `HTTPException(413)`."
        )
    return "A body of more than 64 KiB is 413."


def why_not_read(response: Response, size: int, framing: str) -> str:
    """Why a body of this size, within the limit, was not handled; `framing` is "announced" or "chunked"."""
    if response.status == 413 and size < LIMIT and framing == "announced":
        return (
            "A body of less than 64 KiB was refused. The limit is 65,536 bytes for one request: the count is a local "
            "variable, not an attribute of the middleware, which all requests share."
        )
    if response.status == 413 and size == LIMIT:
        return (
            "A body of exactly 64 KiB was refused: above is more than that. (`>`, not `>=`; 65,536 bytes, not 64,000.)"
        )
    if response.status == 411 or (framing == "chunked" and response.status in (400, 413)):
        return (
            "A small body without `Content-Length` was refused. Chunked bodies are ordinary (clients send them when "
            "they stream): count them instead."
        )
    if response.status in (400, 422):
        return (
            "A body within the limit arrived incomplete or empty: what was read in order to count it has to be handed "
            "on, every piece of it, with `more_body` as it was."
        )
    return "A body within the limit is handled as before."


def why_opened(response: Response, given: str | None, key: str) -> str:
    """Why this key, which is not the right one, was not answered with 401."""
    if response.status == 200:
        if not given:
            return "`/admin/summary` opened without a key."
        if given in key or key in given:
            return "A part of the key, or the key and something more, opened: compare whole keys."
        return f"`/admin/summary` opened with {given!r}, which is not the key."
    if response.status == 422:
        return "Without the header FastAPI's own 422 came: give the header a default and answer 401 yourself."
    return "A missing or wrong key is 401."


def why_started(variable: str, value: str | None) -> str:
    """Why the service started with this value, or none, where it needs a good secret."""
    if value is None:
        return (
            f"The service starts without `{variable}`: a secret with a default is a secret that everybody knows, and "
            "one that is read later fails later."
        )
    if not value.strip(" ,"):
        return (
            f"The service starts with a blank `{variable}`: an empty variable is set, and still not a secret. Look at "
            "the content, not at presence: strip the value, then measure it."
        )
    if "changeme" in value:
        return (
            f"The service starts with a placeholder in `{variable}`: somebody forgot to replace it. Refuse whatever "
            "has `changeme` in it."
        )
    if "," in value:
        return (
            "The service starts although one of several keys is too short: look at each of them, not at the whole "
            "value."
        )
    return f"The service starts with a `{variable}` of {len(value)} characters; fewer than 16 can be guessed."


def why_no_token(got: str) -> str:
    """Why the token did not arrive: downstream got this `Authorization`."""
    if "**" in got or "SecretStr" in got:
        return (
            "What arrived is the mask: a `SecretStr` in a text prints as asterisks. Use `get_secret_value()` where it "
            "is sent."
        )
    if not got:
        return "The call carries no `Authorization`: send `Bearer` and the token with it."
    return "The call carries another `Authorization` than `Bearer`, a space, and the value of `DOWNSTREAM_TOKEN`."
