"""Likely causes: what a failed check tells the learner."""

from __future__ import annotations

from typing import Any

from labs.judge import Response


def why_no_quote(response: Response, downstream: Any) -> str:
    if not downstream.calls:
        return "Downstream was never asked: the client's base URL is not `DOWNSTREAM_URL`."
    return f"Downstream was asked for `{downstream.calls[-1].path}` and had an answer, but the route did not give it."


def why_let_in(what: str, response: Response) -> str:
    if response.status == 200 and what in ("no key", "an empty key"):
        return (
            f"The summary was given to somebody with {what}: an empty part of `API_KEY` (here after a trailing comma) counts as a key. "
            "Drop empty parts, and call `require_api_key` for this route."
        )
    if response.status == 422:
        return f"{what.capitalize()} was answered with 422: the header is required. Give it a default and refuse it yourself, with 401."
    return f"A caller with {what} has to get 401. Compare whole keys, each for itself."
