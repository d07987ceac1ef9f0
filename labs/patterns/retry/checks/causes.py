"""Likely causes: what a failed check tells the learner."""

from __future__ import annotations

from .gaps import shortest

HARDLY_A_PAUSE = (
    "There is hardly a pause before the second attempt, so it meets the same fault as the first. tenacity's default is "
    "none; start with about 0.05 s."
)


def why_not_three(calls: int) -> str:
    """Why there were not three calls for a request whose attempts fail."""
    if calls == 0:
        return "No call arrived downstream."
    if calls == 1:
        return (
            "The first failure was the last attempt. A 503 comes to tenacity as an exception only after "
            "`raise_for_status()`, and tenacity has to see the coroutine function itself: a lambda that returns a "
            "coroutine never fails."
        )
    if calls == 2:
        return (
            "There were two attempts. `stop_after_attempt` counts the first one, too: three attempts are two retries. "
            "Or `may_retry` said no: a budget begins with a reserve of about ten, "
            "a breaker waits for ten failures in a row."
        )
    if calls == 9:
        return "Nine calls: two layers retry, and three attempts of three are nine. Retry in one place."
    return (
        f"{calls} calls for one request. Three attempts are `stop_after_attempt(3)`; without a `stop` tenacity goes on "
        "for ever, and a loop `range(3)` after a first attempt makes four."
    )


def why_repeated(got: dict[int, int]) -> str:
    """Why final statuses were asked for more than once: `got` has the calls for each status."""
    if not any(got.values()):
        return "No call arrived downstream."
    server = [status for status in (500, 501) if got[status] != 1]
    client = [status for status in got if status < 500 and got[status] != 1]
    if client and server:
        return (
            "Every error is tried again, and the same question gets the same answer. Without `retry=` tenacity repeats "
            "every exception: `is_transient` has to say which statuses may pass by themselves."
        )
    if client:
        return f"{client[0]} was asked more than once. Of the 4xx only 429 passes by itself."
    return (
        f"{server[0]} was asked more than once. It is not a matter of load or of the network: `status >= 500` is too "
        "much, the list is 502, 503 and 504."
    )


def why_not_again(got: dict[str, int]) -> str:
    """Why there were not two calls after a fault that may pass: `got` has the calls for each fault."""
    missing = [name for name, count in got.items() if count < 2]
    if missing == ["a broken connection"]:
        return (
            "A broken connection was not tried again, and nothing is more transient. It is not an `HTTPStatusError` "
            "but an `httpx.TransportError`: `NetworkError` alone misses the server that hangs up "
            "(`RemoteProtocolError`)."
        )
    if "429" in missing and len(missing) == 1:
        return "429 was not tried again. It is a 4xx, but it says “later”, not “no”."
    if missing:
        return (
            f"Not tried again: {', '.join(missing)}. The list is 429, 502, 503, 504, "
            "and everything for which no answer came."
        )
    return "There was another attempt although the one before was answered."


def why_not_logged(more: int, lines: list[str]) -> str:
    """Why fewer than two lines tell of two failed attempts: `more` is how many do, `lines` is the log."""
    if more == 1:
        return (
            "One of the two failed attempts is in the log. Log each of them where it fails, whatever failed: "
            "tenacity's `after=` sees every attempt that may be repeated."
        )
    if any("attempt" in line.lower() or "retry" in line.lower() for line in lines):
        return (
            "The attempts are in the log, but without the correlation id of their request, so nobody can tell whose "
            "they were: log through a logger that adds it (`log.warning(...)`; `print` does not)."
        )
    return (
        "A request that needed three attempts looks in the log like one that needed none. When downstream gets worse, "
        "this is where it shows first: log each failed attempt (tenacity's `after=`)."
    )


def why_other_error(got: dict[str, str], wanted: dict[str, str]) -> str:
    """Why the caller got other errors than wanted, both by what downstream did, as in "503 UNAVAILABLE"."""
    wrong = {name: text for name, text in got.items() if text != wanted[name]}
    if wrong.keys() <= {"403", "500"}:
        return (
            "Another team's 4xx or 500 was handed on as it is, so the caller looks for a mistake in a request that was "
            "right. It is a 502: between you and downstream something is wrong, and the caller can't help it."
        )
    if wrong.keys() <= {"404"}:
        return (
            "Downstream says that there is no such thing, and that is what the caller wants to know: "
            "its 404 is a 404 here, too."
        )
    if any(text.startswith("500") for text in wrong.values()):
        return (
            "An error of downstream came out as a 500: nobody caught it. tenacity raises `RetryError` in the end "
            "unless it is told `reraise=True`; and `answer_for` has to return an error for whatever it gets."
        )
    firsts = {name: name[:3] if name[0] == "5" else "503" for name in wanted if "," in name}
    if all(got[name][:3] == status for name, status in firsts.items()):
        return (
            "The first error decided. What was true a moment ago no longer matters: "
            "keep the last one (`reraise=True` does)."
        )
    codes = [text for name, text in wrong.items() if text[:3] == wanted[name][:3]]
    if len(codes) == len(wrong):
        return (
            "The status is right, but `error` is not the code that belongs to it: `BAD_GATEWAY`, `UNAVAILABLE`, "
            "`TIMEOUT` or `NOT_FOUND`."
        )
    first = next(iter(wrong))
    return f"After {first} the caller has to get {wanted[first]}: look at what `answer_for` makes of that error."


def why_no_third(first_pause: float) -> str:
    """Why there was no third attempt, when the second came after so many seconds."""
    if first_pause > 0.3:
        return (
            f"The pauses use up the deadline: there are {first_pause:.1f} s before the second attempt, and nothing is "
            "left for a third. Begin with about 0.05 s."
        )
    return "Requests whose first two attempts failed did not come to a third one."


def why_no_growth(first: list[float]) -> str:
    """Why the second pauses are not longer than these first ones."""
    if shortest(first) < 0.03:
        return HARDLY_A_PAUSE
    return (
        "The second pause is not longer than the first: what did not pass within the first pause needs a longer one. "
        "Double it for each attempt (and keep the jitter smaller than what is doubled: `wait_exponential_jitter` adds "
        "up to 1 s unless told otherwise)."
    )


def why_notified(got: dict[str, int]) -> str:
    """Why a notification was not sent once: `got` has the calls for each thing that can become of it."""
    if not any(got.values()):
        return "No notification arrived downstream."
    if max(got.values()) > 1:
        return (
            "The notification was sent more than once. It has no key by which downstream could recognize it, and a "
            "call that broke may have been carried out: "
            "each repetition is one more mail to the customer. `repeat=False`."
        )
    return "A notification is one call, not fewer."


def why_multiplied(calls: int) -> str:
    """Why sixty requests of an outage made so many calls."""
    if calls > 135:  # a retry for each request, and a reserve of ten, are 130; on a busy machine not all 180 are made
        return (
            "Every request of an outage makes three calls: what is struggling gets three times the load. What a "
            "request may spend has to depend on how the others fare: "
            "one budget (or breaker) for the whole process, not one per request."
        )
    return (
        "The retries of an outage are fewer than they could be, but still about one for each request. Once the reserve "
        "is spent, ten requests may earn one retry, not ten."
    )
