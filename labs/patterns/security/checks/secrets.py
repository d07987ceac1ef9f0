"""No secret, no service: how a key opens, what the service starts with, and where no secret may be seen."""

from __future__ import annotations

import pytest

from labs.judge import CheckFailed, Response, ScriptedReply, ServiceUnderTest, crash

from .causes import why_no_token, why_opened, why_started
from .steps import around, assert_absent, assert_not_logged


@pytest.mark.check(level="easy")
def test_key_opens(service, fresh):
    """The key opens `/admin/summary`; without it, or with another, the answer is 401."""
    key = service.env["API_KEY"]
    assert summary(service, key).status == 200, "`GET /admin/summary` with the right `X-API-Key` is 200."
    for given in (None, "", fresh.secret(), key[:-1], f"{key}x", key[1:], key.swapcase(), "changeme", ","):
        response = summary(service, given)
        assert response.status == 401, why_opened(response, given, key)
        assert_absent(
            key, [response], "The 401 shows the key. Say that it was wrong, not which one was given or expected."
        )


@pytest.mark.check(level="medium", after="test_key_opens")
def test_missing_secret(service):
    """The service does not start without its secrets, and says which variable is missing."""
    for variable in ("API_KEY", "DOWNSTREAM_TOKEN"):
        for value in (None, " " * 20):
            refuse_with(service, variable, value)
    for value in ("", " , "):
        refuse_with(service, "API_KEY", value)


@pytest.mark.check(level="medium", after="test_missing_secret")
def test_bad_secret(service, fresh):
    """The service does not start with a placeholder, nor with a secret of fewer than 16 characters."""
    for variable in ("API_KEY", "DOWNSTREAM_TOKEN"):
        for value in (f"changeme{fresh.token(20)}", fresh.token(15)):
            refuse_with(service, variable, value)
    refuse_with(service, "API_KEY", f"{fresh.secret()},{fresh.token(9)}")
    key = fresh.token(16)
    service.start(API_KEY=key, DOWNSTREAM_TOKEN=fresh.token(16))
    assert summary(service, key).status == 200, "A key of 16 characters is long enough: it opens `/admin/summary`."


@pytest.mark.check(level="hard", after="test_missing_secret")
def test_refusal_shows_no_value(service, fresh):
    """What the service says when it does not start shows no value: not the bad one, nor the good one beside it."""
    good = {name: service.env[name] for name in ("API_KEY", "DOWNSTREAM_TOKEN")}
    for variable, other in (("API_KEY", "DOWNSTREAM_TOKEN"), ("DOWNSTREAM_TOKEN", "API_KEY")):
        for bad in (None, fresh.token(15)):
            said = refuse_with(service, variable, bad)
            for value, whose in ((bad, "the bad value of " + variable), (good[other], f"the value of {other}")):
                if value is not None and (found := leak(value, said)):
                    raise CheckFailed(
                        f"What the service says shows {whose}, and goes into a log. Name the variable and show "
                        "nothing: Pydantic's `ValidationError` prints what it was given, for `SecretStr`, too; say it "
                        "in words of your own.",
                        expected=f"{variable}, and no value",
                        got=around(said, found),
                    )


@pytest.mark.check(level="medium", after="test_key_opens")
def test_several_keys(service, fresh):
    """While a key is being replaced, the old one and the new one both work, and nothing else does."""
    old, new = fresh.secret(), fresh.secret()
    if said := service.refuse_to_start(API_KEY=f"{new},{old},"):
        raise CheckFailed(
            "The service does not start with two good keys and a comma at the end. `split` makes an empty part of it, "
            "which is neither a key nor a mistake: leave empty parts out.",
            expected="a service that starts with `API_KEY=new,old,`",
            got=said[-1500:],
        )
    for key in (old, new):
        assert summary(service, key).status == 200, (
            "`API_KEY` holds two keys, separated by a comma, and one of them does not work: each of them opens."
        )
    for given in (None, "", ",", f"{new},{old}", f"{new},{old},", old[:8], f"{old} {new}"):
        response = summary(service, given)
        assert response.status == 401, (
            "An empty part of `API_KEY` (a comma at its end is enough) counts as a key, so no key opens."
            if not given
            else (
                "Something that is not a key opened: a part of `API_KEY`, or all of it. Split it at the commas, and "
                "compare whole keys (`in` on a text finds parts)."
            )
        )


@pytest.mark.check(level="hard", after="test_key_opens")
def test_key_of_other_bytes(service, fresh):
    """A key with other than ASCII characters is a wrong key, not a crash."""
    for given in (b"\xfc" + fresh.secret().encode(), fresh.secret().encode() + "ü".encode(), b"\xff\xfe\xfd"):
        response = summary(service, given)
        assert response.status == 401, (
            "A stranger's umlaut is a 500: `compare_digest` takes text only if it is ASCII. Encode both sides and "
            "compare bytes."
            if response.status == 500
            else "A key with other than ASCII characters is a wrong key like any other: 401."
        )


@pytest.mark.check(level="medium", after="test_key_opens")
def test_token_goes_downstream(service, downstream, fresh):
    """The token goes downstream as `Authorization: Bearer`, never in the URL."""
    downstream.default = ScriptedReply(json={"price": fresh.number(100, 9_999)})
    token = service.env["DOWNSTREAM_TOKEN"]
    response = service.get(f"/quotes/{fresh.token()}")
    assert response.status == 200, "`GET /quotes/{item}` is answered with 200 while downstream is well."
    for call in downstream.calls:
        assert leak(token, call.path) == "", (
            "The token is in the URL, and URLs are written down: in access logs, at proxies, in httpx's own log line. "
            "Send it in a header."
        )
    got = downstream.calls[-1].headers.get("authorization", "")
    assert got == f"Bearer {token}", why_no_token(got)


@pytest.mark.check(level="hard", after=("test_key_opens", "test_token_goes_downstream", "test_crash_has_them"))
def test_secrets_stay_inside(service, logs, downstream, fresh):
    """No secret is in an answer, in the log or in `/openapi.json`, whatever is asked."""
    downstream.default = ScriptedReply(json={"price": fresh.number(100, 9_999)})
    key, token = service.env["API_KEY"], service.env["DOWNSTREAM_TOKEN"]
    responses = [summary(service, key), summary(service, f"{key}x"), summary(service, None)]
    responses += [service.get(path) for path in ("/openapi.json", "/docs", "/about", f"/{fresh.token()}", "/users/x")]
    responses += [crash(service, f"crash {fresh.token()}")]
    responses += [service.get(f"/quotes/{fresh.token()}")]
    downstream.default = ScriptedReply(401, json={"error": "UNAUTHORIZED", "message": f"Bearer {token} is not known"})
    responses += [service.get(f"/quotes/{fresh.token()}")]
    logs.complete()
    for secret, name in ((key, "API_KEY"), (token, "DOWNSTREAM_TOKEN")):
        assert_absent(
            secret,
            responses,
            f"The value of `{name}` is in an answer. A default value stands in `/openapi.json`, an error repeats what "
            "it was given, and downstream's own errors are not for your callers.",
        )
        assert_not_logged(
            logs,
            secret,
            f"The value of `{name}` is in the log. Settings are logged sooner or later: keep secrets in a type whose "
            "`repr` hides them (`SecretStr`), out of URLs, and out of the text of errors.",
        )


def summary(service: ServiceUnderTest, key: str | bytes | None) -> Response:
    """The response to GET /admin/summary with this key, or with none."""
    return service.get("/admin/summary", headers={} if key is None else {"X-API-Key": key})


def refuse_with(service: ServiceUnderTest, variable: str, value: str | None) -> str:
    """Start with this value, which the service has to refuse; what it said. The value that was there comes back."""
    before = service.env[variable]
    said = service.refuse_to_start(**{variable: value})
    service.environment[variable] = before
    if not said:
        expected = f"no start while {variable} is {described(value)}"
        raise CheckFailed(why_started(variable, value), expected=expected, got="it started")
    if variable not in said:
        raise CheckFailed(
            f"The service did not start, and does not say that it is `{variable}` that it misses. Name the variable.",
            expected=f"a sentence with {variable}",
            got=said[-1500:],
        )
    return said


def described(value: str | None) -> str:
    """What is wrong with this value of a secret."""
    if value is None:
        return "not there"
    if "," in value.strip(" ,"):
        return "a good key and one of 9 characters"
    if not value.strip(" ,") or "changeme" in value:
        return repr(value)
    return f"{len(value)} characters long"


def leak(secret: str, text: str) -> str:
    """Eight characters or more of the secret that are in the text; empty when there are none."""
    own = secret.removeprefix("S3cr3t-")
    return next((own[at : at + 8] for at in range(len(own) - 7) if own[at : at + 8] in text), "")
