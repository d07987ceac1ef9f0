"""Likely causes: what a failed check tells the learner."""

from __future__ import annotations

import re

from labs.judge import Response

from .reading import READY, named


def why_late(what: str) -> str:
    """Why readiness took more than 2.5 s."""
    return (
        f"{what}, and readiness did not answer within 2.5 s. The clients' own time-outs are longer; and a deadline "
        "that cancels a task and then waits for its end (`asyncio.timeout`, `wait_for`) does not hold for a database "
        "call on a thread: `asyncio.wait(tasks, timeout=…)` does."
    )


def why_status(response: Response, otherwise: str) -> str:
    """What an unexpected status means, or the cause `otherwise`."""
    path = response.request.path
    if response.status in (401, 403):
        return (
            f"`{path}` asks for a key or token, and the kubelet has none: keep the probes outside of what is protected."
        )
    if response.status == 404 and path.startswith("/health"):
        return f"There is no `{response.request.method} {path}`."
    if response.status == 500 and path == READY:
        return (
            f"`{path}` raised an exception: an unhealthy dependency is an answer, not a crash. "
            "Catch what the question raises."
        )
    if response.status == 500:
        return f"`{path}` raised an exception."
    return otherwise


def why_in_service(response: Response, otherwise: str) -> str:
    """Why readiness is not 503 although the service has not started, or is draining: it should ask nobody then."""
    if response.status == 500:
        return (
            "Readiness went on to ask the dependencies, and stumbled: `in_service` has to say no before the service "
            "has started, and when it drains."
        )
    return why_status(response, otherwise)


def why_started(response: Response, otherwise: str) -> str:
    """Why startup says 200 too early."""
    if response.status == 200 and re.search(
        r"false|starting|pending|progress|not[ _]|\bno\b", response.text, re.IGNORECASE
    ):
        return (
            "The body of `startup` says that it has not started, and the status is 200. The kubelet reads the status "
            "code and nothing else: 503."
        )
    return why_status(response, otherwise)


def why_not_live(response: Response, otherwise: str) -> str:
    """Why liveness is not 200."""
    if response.status == 204:
        return "The contract's answer is 200."
    if response.status == 500:
        return otherwise  # and the log says what was raised
    return why_status(response, otherwise)


def why_ready(response: Response, what: str) -> str:
    """Why readiness says 200 although something is wrong."""
    if re.search(r"not.ready|unhealthy|failed|error|\bdown\b|false", response.text, re.IGNORECASE):
        return (
            f"{what}: the body says so and the status is 200. The kubelet and the load balancer read the status code "
            "and nothing else: 503."
        )
    if "users" in what:
        return (
            f"{what} and readiness says 200. `SELECT 1` proves that there is a connection, not that the service can "
            "work: ask for the table that it needs."
        )
    if "again" in what:
        return f"{what} and readiness says 200: it noticed the first time only. Ask again for each probe."
    return (
        f"{what} and readiness says 200: it does not ask, or it gives the answer of an earlier time (of the start, "
        "perhaps). Readiness is a question about now."
    )


def why_named(response: Response, checks: dict[str, str], what: str) -> str:
    """Why the checks in a 503 are not the right ones."""
    got = named(response)
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
            f"{what}, and both are called failed. One that does not answer takes the other's good answer with it: give "
            "each question its own outcome. A deadline around all of them, or a `gather` that raises, "
            "throws away what was there."
        )
    if "ok" in values and checks == {"database": "failed", "cache": "failed"}:
        return f"{what}, and only one is named: the second was not asked, or not waited for, once the first had failed."
    return f"{what}, and `checks` says something else: the outcomes are mixed up, or older than a second."
