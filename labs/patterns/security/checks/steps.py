"""Headers that every answer has, secrets that no answer and no log line has, and a user to sign up."""

from __future__ import annotations

import json
import re
from typing import Any

from labs.judge import CheckFailed, Fresh, Logs, Response, head, user_body

from .policies import parse_policies

LIMIT = 64 * 1024  # bytes of a body
YEAR = 31_536_000  # seconds
HTTPS = {"X-Forwarded-Proto": "https"}  # headers: what the proxy adds for a client that used HTTPS
HSTS = "Strict-Transport-Security"


def good_user(fresh: Fresh) -> dict[str, Any]:
    """A body that the contract accepts."""
    return {**user_body(fresh), "age": fresh.number(0, 150)}


def assert_basics(response: Response, what: str, where: str = "") -> None:
    """Fail unless this response, to `what`, has the headers that every answer has; with the cause `where`, if given."""
    sent = [value.strip().lower() for value in response.header_values("X-Content-Type-Options")]
    assert sent[:1] == ["nosniff"], (
        where or f"`X-Content-Type-Options` on {what} is `nosniff`: without it browsers guess what an answer is."
    )
    frames = (response.header("X-Frame-Options") or "").strip().lower()
    if frames != "deny" and not any(policy.get("frame-ancestors") == ["'none'"] for policy in parse_policies(response)):
        raise CheckFailed(
            where
            or (
                f"Other sites may show {what} in a frame. `X-Frame-Options` is `DENY`, or the policy says "
                "`frame-ancestors 'none'`, which `default-src` does not include."
            ),
            expected="X-Frame-Options: DENY",
            got=head(response),
        )
    referrer = (response.header("Referrer-Policy") or "").strip().lower()
    assert referrer == "no-referrer", (
        where or f"`Referrer-Policy` on {what} is `no-referrer`: paths have ids in them, and other sites needn't know."
    )
    if not parse_policies(response):
        raise CheckFailed(
            where or f"There is no `Content-Security-Policy` on {what}.",
            expected="Content-Security-Policy: …",
            got=head(response),
        )


def assert_strict_transport(response: Response) -> None:
    """Fail unless the response has HSTS, for a year or more."""
    got = response.header(HSTS)
    if got is None:
        raise CheckFailed(
            "The client used HTTPS, and `Strict-Transport-Security` is missing. The proxy ends HTTPS and says so in "
            '`X-Forwarded-Proto`; uvicorn puts it into `scope["scheme"]` (or `request.url.scheme`) of each request.',
            expected=f"{HSTS}: max-age={YEAR} or more, on {response.status}",
            got=head(response),
        )
    age = re.search(r"(?:^|;)\s*max-age\s*=\s*\"?(\d+)", got, re.IGNORECASE)
    assert age is not None and int(age[1]) >= YEAR, (
        f"`{got}` does not bind a browser for a year: `max-age` counts seconds, and a year has {YEAR}."
    )


def assert_absent(secret: str, responses: list[Response], cause: str) -> None:
    """Fail with this cause when one of the responses shows the secret."""
    for response in responses:
        everything = head(response) + "\n\n" + response.text
        if secret in everything or json.dumps(secret)[1:-1] in everything:
            request = f"{response.request.method} {response.request.path}"
            raise CheckFailed(
                cause, expected=f"{secret}\nnowhere in the answer", got=f"{request}\n{around(everything, secret)}"
            )


def assert_not_logged(logs: Logs, secret: str, cause: str) -> None:
    """Fail with this cause when a log line shows the secret."""
    found = [line for line in logs.lines if secret in line]
    if found:
        raise CheckFailed(cause, expected=f"{secret}\nnowhere in the log", got=around(found[0], secret))


def around(text: str, part: str) -> str:
    """The part of the text with what stands around it."""
    at = max(0, text.find(part))
    return text[max(0, at - 300) : at + 300]


def short(value: Any) -> str:
    """A value for a sentence."""
    text = json.dumps(value)
    return text if len(text) < 60 else f"{len(str(value))} characters long"
