"""What a service lets in, lets out and says about itself: its headers, its refusals, its secrets."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

import pytest

from labs.judge import Answer, CheckFailed, Logs, Reply

YEAR = 31_536_000  # seconds
LIMIT = 64 * 1024  # bytes of a body
SENT_AS_JSON = {"Content-Type": "application/json"}
HTTPS = {"X-Forwarded-Proto": "https"}


# Today's values


@pytest.mark.check("headers", level="easy")
def test_basics(service):
    """An ordinary answer says nosniff, may not be framed, tells other sites nothing, and has nothing outdated."""
    answer = service.get("/about")
    assert_basics(answer, "an ordinary answer")
    assert answer.header("X-XSS-Protection") in (None, "0"), (
        "`X-XSS-Protection` switches on a filter that browsers have dropped because it could be turned against the page. Leave it out, or send `0`."
    )


@pytest.mark.check("headers", level="easy", after="test_basics")
def test_policy_for_json(service):
    """The policy of a JSON answer is `default-src 'none'`."""
    for policy in policies(service.get("/about"))[:1]:
        got = policy.get("default-src")
        assert got == ["'none'"], (
            "JSON loads nothing, so its policy can forbid everything: `default-src 'none'`, with the quotes. A bare `none` is a host of "
            "that name, and `'self'` allows what nobody needs."
        )


@pytest.mark.check("headers", level="medium", after="test_basics")
def test_https_only_where_it_is(service):
    """`Strict-Transport-Security` is sent to clients that used HTTPS, for a year or more, and to nobody else."""
    for headers in ({}, {"X-Forwarded-Proto": "http"}):
        got = service.get("/about", headers=headers).header(HSTS)
        assert got is None, (
            "`Strict-Transport-Security` was sent over plain HTTP, where RFC 6797 forbids it: whoever sits in between could have "
            "written it. Send it only when the client used HTTPS."
        )
    assert_strict_transport(service.get("/about", headers=HTTPS))


# On every answer


@pytest.mark.check("everywhere", level="medium", after="test_https_only_where_it_is")
def test_crash_has_them(service, fresh):
    """The answer to a crash has them, too."""
    body = {"detail": f"crash {fresh.token()}", "secret": ""}
    answer = service.post("/drills/crash", body)
    assert answer.status == 500, "An accident is still a 500: whatever adds the headers must not change the answer."
    assert_basics(answer, "a crash", CRASH)
    assert_strict_transport(service.post("/drills/crash", body, headers=HTTPS))
    assert service.post("/drills/crash", body).header(HSTS) is None, (
        "A request over plain HTTP got `Strict-Transport-Security` after one over HTTPS: what belongs to one request is kept for the next. "
        "Ask for the scheme of each request."
    )


@pytest.mark.check("everywhere", level="medium", after="test_crash_has_them")
def test_answers_that_no_route_made(service, fresh):
    """Unknown routes, wrong methods and whatever else no route has made have them, with the status they had."""
    for method, path, status in (
        ("GET", f"/{fresh.token()}", 404),
        ("DELETE", "/about", 405),
        ("OPTIONS", f"/{fresh.token()}", None),
        ("GET", "/about/", None),
    ):
        answer = service.request(method, path)
        what = f"`{method} {path}` ({answer.status})"
        if status is not None:
            assert answer.status == status, (
                "Whatever adds the headers must let the framework's own errors through as they are."
            )
        where = (
            f"{what} was answered without your headers: they are set for routes that exist (a dependency, an injected `Response`, each "
            "route by hand). Set them around the app, where every answer passes."
        )
        assert_basics(answer, what, where)
    assert service.get("/about").status == 200, (
        "An ordinary request does not succeed any more. If the log says that `state` lacks something, the lifespan has not run: its scope, too, comes "
        'through whatever stands around the app, and has no `scheme` and no headers. Pass on what is not `scope["type"] == "http"` as it is.'
    )


# Documentation that still works


@pytest.mark.check("docs", level="medium", after="test_crash_has_them")
def test_docs_work(service):
    """`/docs` has the headers, and its policy allows everything that it needs; or there is no `/docs`."""
    answer = service.get("/docs")
    assert_basics(answer, "`/docs`")
    if 400 <= answer.status < 500:
        return  # no documentation in production is a decision, too
    assert answer.status == 200, "`/docs` is answered with 200, or it is not there."
    page = Page(answer, service.url)
    for policy in policies(answer):
        for what, directive, allowed in page.needs(policy):
            if not allowed:
                raise CheckFailed(
                    why_blank(policy, directive, what), expected=f"{directive} that allows {what}", got=shown(policy)
                )


@pytest.mark.check("docs", level="hard", after="test_docs_work")
def test_docs_let_nothing_in(service):
    """No script that somebody injects into `/docs` would run."""
    answer = service.get("/docs")
    loose = [wholesale(sources(policy, "script-src-elem", "script-src", "default-src")) for policy in policies(answer)]
    assert [] in loose, why_loose([source for found in loose for source in found])


# Exactly these fields


@pytest.mark.check("sign_up", level="easy")
def test_user_is_created(service, logs, fresh):
    """A user within the limits is created; the password neither comes back nor is it logged."""
    for password, age in (
        (fresh.secret(), fresh.number(1, 149)),
        (fresh.token(8), 0),
        (fresh.token(128), 150),
        (fresh.secret(), None),
    ):
        body = {"name": fresh.name(), "email": fresh.email(), "password": password}
        answer = service.post("/users", {**body, **({} if age is None else {"age": age})})
        assert answer.status == 201, why_refused(password, age)
        user = answer.json
        assert {"name": user["name"], "email": user["email"]} == {"name": body["name"], "email": body["email"]}, (
            "The user that comes back is not the one that was sent."
        )
        assert_absent(
            password,
            [answer],
            "The password is in the answer. Say what may be shown, member by member: `new.model_dump()` has everything.",
        )
    logs.complete()
    assert_not_logged(logs, password, "The password is in the log: something logs the whole model or the whole body.")


@pytest.mark.check("sign_up", level="easy", after="test_user_is_created")
def test_rules_of_the_fields(service, fresh):
    """An address that is none, a password too short or too long, an age out of range, a missing member: 422."""
    good = good_user(fresh)
    address = good["email"]
    for member, values in {
        "password": ["", fresh.token(7), fresh.token(129), fresh.token(5000)],
        "age": [-1, 151, 10**30],
        "email": [
            "",
            "ada",
            "ada@",
            "@example.com",
            f"{fresh.token()}@example",
            f"a {address}",
            f"{address}\n",
            f"{address}, {address}",
        ],
    }.items():
        for value in values:
            assert_refused(service, {**good, member: value}, f"`{member}` was {short(value)}", why_rule(member, value))
    for member in ("name", "email", "password"):
        body = {name: value for name, value in good.items() if name != member}
        assert_refused(
            service, body, f"`{member}` was missing", f"`{member}` has no default: a user without it is refused."
        )


@pytest.mark.check("sign_up", level="medium", after="test_rules_of_the_fields")
def test_plain_address(service, fresh):
    """A mailbox with a display name is no plain e-mail address."""
    good = good_user(fresh)
    for value in (f"{fresh.name()} <{good['email']}>", f"<{good['email']}>"):
        cause = (
            "A display name with an address in angle brackets was taken. `EmailStr` reads such a mailbox and keeps its address, so what is stored is not "
            "what was sent: refuse a `<` before it looks."
        )
        assert_refused(service, {**good, "email": value}, f"`email` was {value}", cause)


@pytest.mark.check("sign_up", level="medium", after="test_rules_of_the_fields")
def test_types_are_types(service, fresh):
    """JSON types are not coerced: true is no number, "30" is no number, a number is no text."""
    good = good_user(fresh)
    for member, value in (
        ("age", True),
        ("age", False),
        ("age", str(fresh.number(10, 90))),
        ("age", f" {fresh.number(1, 9)} "),
        ("age", fresh.number(1, 90) + 0.5),
        ("name", fresh.number(1, 99)),
        ("password", fresh.number(10**9, 10**10)),
        ("email", [good["email"]]),
    ):
        cause = (
            f"`{member}` was {json.dumps(value)} and was taken: Pydantic converts what it can unless the model is strict "
            "(`ConfigDict(strict=True)`). `int(…)` and `str(…)` of your own convert, too, and `isinstance(True, int)` is true."
        )
        assert_refused(service, {**good, member: value}, f"`{member}` was {json.dumps(value)}", cause)


@pytest.mark.check("sign_up", level="medium", after="test_rules_of_the_fields")
def test_unknown_members(service, fresh):
    """A member that nobody declared is refused, and nothing of such a request is kept."""
    good = good_user(fresh)
    for member, value in (
        ("is_admin", True),
        ("role", "admin"),
        ("id", fresh.number(1000, 9999)),
        (fresh.token(), None),
    ):
        cause = (
            f"The unknown member `{member}` was taken or dropped in silence. A client that sends it believes something else than you do; "
            'refuse it with `extra="forbid"`.'
        )
        assert_refused(service, {**good, member: value}, f"`{member}` is not declared", cause)
    assert service.post("/users", good).status == 201, (
        "After its requests were refused, the same user can't be created any more: a refused request has left something behind."
    )


@pytest.mark.check("sign_up", level="medium", after=("test_plain_address", "test_crash_has_them"))
def test_refusal_is_discreet(service, logs, fresh):
    """A refusal names the member and repeats no value, in the answer or in the log, and has the headers."""
    password, marker = fresh.secret(), fresh.token(16)
    good = {**good_user(fresh), "password": password}
    for member, body in (
        ("password", {**good, "password": marker[:7]}),
        ("email", {name: value for name, value in good.items() if name != "email"}),
        ("email", {**good, "email": marker}),
        ("email", {**good, "email": f"{marker} <{good['email']}>"}),
        ("age", {**good, "age": marker}),
        ("name", {**good, "name": [marker]}),
    ):
        answer = assert_refused(service, body, f"`{member}` did not fit", "This body does not fit and was taken.")
        for value in (password, marker[:7]):
            assert_absent(value, [answer], why_repeated(answer, value))
        assert member in answer.text, (
            f"Nothing in the refusal says that it is about `{member}`. Name the place (`loc`) of each misfit."
        )
        assert_basics(answer, "a refusal")
    for headers, body in (({"Content-Type": "text/plain"}, json.dumps(good)), (SENT_AS_JSON, json.dumps(good)[:-1])):
        answer = service.request("POST", "/users", body=body.encode(), headers=headers)
        assert_absent(password, [answer], why_repeated(answer, password))
    logs.complete()
    for value in (password, marker[:7]):
        assert_not_logged(
            logs,
            value,
            "A value that was refused is in the log: log which member did not fit, not `error.errors()` or the body.",
        )


@pytest.mark.check("sign_up", level="hard", after="test_refusal_is_discreet")
def test_odd_json(service, fresh):
    """JSON that is not quite JSON is refused like anything else, never a 500."""
    good = good_user(fresh)
    for member, value in (
        ("age", "NaN"),
        ("age", "1e999"),
        ("age", "9" * 400),
        ("password", "NaN"),
        ("name", r'"\ud800"'),
        ("email", r'"\ud800@example.com"'),
        ("age", "[" * 2000 + "]" * 2000),
    ):
        others = "".join(f"{json.dumps(name)}: {json.dumps(text)}, " for name, text in good.items() if name != member)
        body = f"{{{others}{json.dumps(member)}: {value}}}"
        answer = service.request("POST", "/users", body=body.encode(), headers=SENT_AS_JSON)
        if answer.status not in (400, 422) and not (answer.status == 201 and member == "name"):
            shown_value = value if len(value) < 40 else f"{value[:5]}… ({len(value)} characters)"
            raise CheckFailed(
                why_odd(answer, member), expected=f"422, or 400, because `{member}` was {shown_value}", got=answer
            )


# Before it is read


@pytest.mark.check("body_limit", level="medium", after="test_basics")
def test_announced_body(service, fresh):
    """A body that is announced as larger than 64 KiB is 413, with the headers of every answer."""
    for size in (LIMIT + 1, 3 * LIMIT):
        answer = service.request("POST", "/users", body=padded(good_user(fresh), size), headers=SENT_AS_JSON)
        assert answer.status == 413, why_not_413(answer, size)
    assert_basics(
        answer, "a 413", "The 413 was answered outside of what adds the headers: the limit belongs inside of it."
    )


@pytest.mark.check("body_limit", level="medium", after=("test_announced_body", "test_user_is_created"))
def test_body_within_the_limit(service, fresh):
    """A body of exactly 64 KiB is read, in one piece or in many, and so is a small one."""
    for size, framing, gaps in (
        (400, "announced", ()),
        (400, "chunked", ()),
        (LIMIT - 1, "announced", ()),
        (LIMIT, "chunked", ()),
        (LIMIT, "announced", (80, 30_000)),
    ):
        body = padded(good_user(fresh), size)
        if framing == "chunked":
            answer = post_chunks(service, body, 7_000)
        else:
            answer = service.request("POST", "/users", body=body, headers=SENT_AS_JSON, gaps=gaps)
        assert answer.status == 201, why_not_read(answer, size, framing)


@pytest.mark.check("body_limit", level="hard", after="test_announced_body")
def test_chunked_body(service, fresh):
    """A body whose size nobody announces is counted: 413 above 64 KiB."""
    for size, piece, gaps in (
        (LIMIT + 1, LIMIT + 1, ()),
        (LIMIT + 1, 8_000, (20_000, 40_000, 60_000)),
        (3 * LIMIT, 1_000, ()),
    ):
        answer = post_chunks(service, padded(good_user(fresh), size), piece, gaps)
        assert answer.status == 413, (
            why_not_413(answer, size)
            if answer.status in (400, 500)
            else "A body without `Content-Length` (`Transfer-Encoding: chunked`) went through. Only a header was looked at, or only one piece at a time: "
            "add up the length of all pieces that `receive` gives."
        )


@pytest.mark.check("body_limit", level="expert", after="test_chunked_body")
def test_told_before_the_rest(service, fresh):
    """413 is said as soon as it is clear, not when the rest has come."""
    body = padded(good_user(fresh), LIMIT + 5_000)
    for headers, sent in (
        ({"Transfer-Encoding": "chunked"}, b"%x\r\n%b\r\n" % (len(body), body)),
        ({"Content-Length": "4000000"}, body),
    ):
        try:
            answer = service.request("POST", "/users", body=sent, headers={**SENT_AS_JSON, **headers}, deadline=2)
        except CheckFailed as silence:
            raise CheckFailed(
                "More than 64 KiB had arrived, and the service still waited for the rest: it reads the whole body before it counts, so "
                "a client decides how much memory that takes. Stop reading when it is too much.",
                expected="413 after 64 KiB",
                got=silence.got,
            ) from None
        assert answer.status == 413, why_not_413(answer, len(body))
    assert service.get("/about").status == 200, "After refusing large bodies the service does not answer any more."


# No secret, no service


@pytest.mark.check("secrets", level="easy")
def test_key_opens(service, fresh):
    """The key opens `/admin/summary`; without it, or with another, the answer is 401."""
    key = service.env["API_KEY"]
    assert summary(service, key).status == 200, "`GET /admin/summary` with the right `X-API-Key` is 200."
    for given in (None, "", fresh.secret(), key[:-1], f"{key}x", key[1:], key.swapcase(), "changeme", ","):
        answer = summary(service, given)
        assert answer.status == 401, why_opened(answer, given, key)
        assert_absent(
            key, [answer], "The 401 shows the key. Say that it was wrong, not which one was given or expected."
        )


@pytest.mark.check("secrets", level="medium", after="test_key_opens")
def test_missing_secret(service):
    """The service does not start without its secrets, and says which variable is missing."""
    for variable in ("API_KEY", "DOWNSTREAM_TOKEN"):
        for value in (None, " " * 20):
            refuse_with(service, variable, value)
    for value in ("", " , "):
        refuse_with(service, "API_KEY", value)


@pytest.mark.check("secrets", level="medium", after="test_missing_secret")
def test_bad_secret(service, fresh):
    """The service does not start with a placeholder, nor with a secret of fewer than 16 characters."""
    for variable in ("API_KEY", "DOWNSTREAM_TOKEN"):
        for value in (f"changeme{fresh.token(20)}", fresh.token(15)):
            refuse_with(service, variable, value)
    refuse_with(service, "API_KEY", f"{fresh.secret()},{fresh.token(9)}")
    key = fresh.token(16)
    service.start(API_KEY=key, DOWNSTREAM_TOKEN=fresh.token(16))
    assert summary(service, key).status == 200, "A key of 16 characters is long enough: it opens `/admin/summary`."


@pytest.mark.check("secrets", level="hard", after="test_missing_secret")
def test_refusal_shows_no_value(service, fresh):
    """What it says when it does not start shows no value: not the bad one, nor the good one beside it."""
    good = {name: service.env[name] for name in ("API_KEY", "DOWNSTREAM_TOKEN")}
    for variable, other in (("API_KEY", "DOWNSTREAM_TOKEN"), ("DOWNSTREAM_TOKEN", "API_KEY")):
        for bad in (None, fresh.token(15)):
            said = refuse_with(service, variable, bad)
            for value, whose in ((bad, "the bad value of " + variable), (good[other], f"the value of {other}")):
                if value is not None and (found := leak(value, said)):
                    raise CheckFailed(
                        f"What the service says shows {whose}, and goes into a log. Name the variable and show nothing: Pydantic's `ValidationError` "
                        "prints what it was given, for `SecretStr`, too; say it in words of your own.",
                        expected=f"{variable}, and no value",
                        got=around(said, found),
                    )


@pytest.mark.check("secrets", level="medium", after="test_key_opens")
def test_several_keys(service, fresh):
    """While a key is being replaced, the old one and the new one both work, and nothing else does."""
    old, new = fresh.secret(), fresh.secret()
    if said := service.refuse_to_start(API_KEY=f"{new},{old},"):
        raise CheckFailed(
            "The service does not start with two good keys and a comma at the end. `split` makes an empty part of it, which is no key and no mistake: "
            "leave empty parts out.",
            expected="a service that starts with `API_KEY=new,old,`",
            got=said[-1500:],
        )
    for key in (old, new):
        assert summary(service, key).status == 200, (
            "`API_KEY` holds two keys, separated by a comma, and one of them does not work: each of them opens."
        )
    for given in (None, "", ",", f"{new},{old}", f"{new},{old},", old[:8], f"{old} {new}"):
        answer = summary(service, given)
        assert answer.status == 401, (
            "An empty part of `API_KEY` (a comma at its end is enough) counts as a key, so no key opens."
            if not given
            else "What is no key opened: a part of `API_KEY`, or all of it. Split it at the commas, and compare whole keys (`in` on a text finds parts)."
        )


@pytest.mark.check("secrets", level="hard", after="test_key_opens")
def test_key_of_other_bytes(service, fresh):
    """A key with other than ASCII characters is wrong, not a crash."""
    for given in (b"\xfc" + fresh.secret().encode(), fresh.secret().encode() + "ü".encode(), b"\xff\xfe\xfd"):
        answer = summary(service, given)
        assert answer.status == 401, (
            "A stranger's umlaut is a 500: `compare_digest` takes text only if it is ASCII. Encode both sides and compare bytes."
            if answer.status == 500
            else "A key with other than ASCII characters is a wrong key like any other: 401."
        )


@pytest.mark.check("secrets", level="medium", after="test_key_opens")
def test_token_goes_downstream(service, downstream, fresh):
    """The token goes downstream as `Authorization: Bearer`, never in the URL."""
    downstream.default = Reply(json={"price": fresh.number(100, 9_999)})
    token = service.env["DOWNSTREAM_TOKEN"]
    answer = service.get(f"/quotes/{fresh.token()}")
    assert answer.status == 200, "`GET /quotes/{item}` is answered with 200 while downstream is well."
    for call in downstream.calls:
        assert leak(token, call.path) == "", (
            "The token is in the URL, and URLs are written down: in access logs, at proxies, in httpx's own log line. Send it in a header."
        )
    got = downstream.calls[-1].headers.get("authorization", "")
    assert got == f"Bearer {token}", why_no_token(got)


@pytest.mark.check(
    "secrets", level="hard", after=("test_key_opens", "test_token_goes_downstream", "test_crash_has_them")
)
def test_secrets_stay_inside(service, logs, downstream, fresh):
    """No secret is in an answer, in the log or in `/openapi.json`, whatever is asked."""
    downstream.default = Reply(json={"price": fresh.number(100, 9_999)})
    key, token = service.env["API_KEY"], service.env["DOWNSTREAM_TOKEN"]
    answers = [summary(service, key), summary(service, f"{key}x"), summary(service, None)]
    answers += [service.get(path) for path in ("/openapi.json", "/docs", "/about", f"/{fresh.token()}", "/users/x")]
    answers += [service.post("/drills/crash", {"detail": f"crash {fresh.token()}", "secret": ""})]
    answers += [service.get(f"/quotes/{fresh.token()}")]
    downstream.default = Reply(401, json={"error": "UNAUTHORIZED", "message": f"Bearer {token} is not known"})
    answers += [service.get(f"/quotes/{fresh.token()}")]
    logs.complete()
    for secret, name in ((key, "API_KEY"), (token, "DOWNSTREAM_TOKEN")):
        assert_absent(
            secret,
            answers,
            f"The value of `{name}` is in an answer. A default value stands in `/openapi.json`, an error repeats what it was given, "
            "and downstream's own errors are not for your callers.",
        )
        assert_not_logged(
            logs,
            secret,
            f"The value of `{name}` is in the log. Settings are logged sooner or later: keep secrets in a type whose `repr` hides them "
            "(`SecretStr`), out of URLs, and out of the text of errors.",
        )


# Sending


def good_user(fresh: Any) -> dict[str, Any]:
    """A body that the contract accepts."""
    return {"name": fresh.name(), "email": fresh.email(), "password": fresh.secret(), "age": fresh.number(0, 150)}


def padded(body: dict[str, Any], size: int) -> bytes:
    """The body as JSON of exactly this many bytes: JSON allows spaces at its end."""
    text = json.dumps(body).encode()
    return text + b" " * (size - len(text))


def post_chunks(service: Any, body: bytes, piece: int, gaps: tuple[int, ...] = ()) -> Answer:
    """POST /users with a chunked body."""
    pieces = [body[start : start + piece] for start in range(0, len(body), piece)]
    sent = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in pieces) + b"0\r\n\r\n"
    answer: Answer = service.request(
        "POST", "/users", body=sent, headers={**SENT_AS_JSON, "Transfer-Encoding": "chunked"}, gaps=gaps
    )
    return answer


def summary(service: Any, key: str | bytes | None) -> Answer:
    """GET /admin/summary with this key."""
    answer: Answer = service.get("/admin/summary", headers={} if key is None else {"X-API-Key": key})
    return answer


def refuse_with(service: Any, variable: str, value: str | None) -> str:
    """Start with this value, which the service has to refuse; what it said. The value that was there comes back."""
    before = service.env[variable]
    said: str = service.refuse_to_start(**{variable: value})
    service.environment[variable] = before
    what = (
        "not there"
        if value is None
        else repr(value)
        if not value.strip(" ,") or "changeme" in value
        else f"{len(value)} characters long"
    )
    if "," in (value or "").strip(" ,"):
        what = "a good key and one of 9 characters"
    if not said:
        raise CheckFailed(
            why_started(variable, value), expected=f"no start while {variable} is {what}", got="it started"
        )
    if variable not in said:
        raise CheckFailed(
            f"The service did not start, and does not say that it is `{variable}` that it misses. Name the variable.",
            expected=f"a sentence with {variable}",
            got=said[-1500:],
        )
    return said


# Comparing

HSTS = "Strict-Transport-Security"
CRASH = (
    "The answer to a crash lacks your headers. Starlette answers crashes outside of every middleware that you add to the app; wrap the whole app, "
    "or turn crashes into answers further inside."
)


def assert_basics(answer: Answer, what: str, where: str = "") -> None:
    """The headers that every answer has."""
    sent = [value.strip().lower() for value in answer.header_values("X-Content-Type-Options")]
    assert sent[:1] == ["nosniff"], (
        where or f"`X-Content-Type-Options` on {what} is `nosniff`: without it browsers guess what an answer is."
    )
    frames = (answer.header("X-Frame-Options") or "").strip().lower()
    if frames != "deny" and not any(policy.get("frame-ancestors") == ["'none'"] for policy in parse_policies(answer)):
        raise CheckFailed(
            where
            or f"Other sites may show {what} in a frame. `X-Frame-Options` is `DENY`, or the policy says `frame-ancestors 'none'`, "
            "which `default-src` does not include.",
            expected="X-Frame-Options: DENY",
            got=head(answer),
        )
    referrer = (answer.header("Referrer-Policy") or "").strip().lower()
    assert referrer == "no-referrer", (
        where or f"`Referrer-Policy` on {what} is `no-referrer`: paths have ids in them, and other sites needn't know."
    )
    if not parse_policies(answer):
        raise CheckFailed(
            where or f"There is no `Content-Security-Policy` on {what}.",
            expected="Content-Security-Policy: …",
            got=head(answer),
        )


def assert_strict_transport(answer: Answer) -> None:
    """HSTS, for a year or more."""
    got = answer.header(HSTS)
    if got is None:
        raise CheckFailed(
            "The client used HTTPS, and `Strict-Transport-Security` is missing. The proxy ends HTTPS and says so in `X-Forwarded-Proto`; uvicorn puts it into "
            '`scope["scheme"]` (or `request.url.scheme`) of each request.',
            expected=f"{HSTS}: max-age={YEAR} or more, on {answer.status}",
            got=head(answer),
        )
    age = re.search(r"(?:^|;)\s*max-age\s*=\s*\"?(\d+)", got, re.IGNORECASE)
    assert age is not None and int(age[1]) >= YEAR, (
        f"`{got}` does not bind a browser for a year: `max-age` counts seconds, and a year has {YEAR}."
    )


def assert_refused(service: Any, body: Any, what: str, cause: str) -> Answer:
    """POST /users, which has to be 422."""
    answer: Answer = service.post("/users", body)
    if answer.status != 422:
        if answer.status >= 500:
            cause = "The request does not fit and became a 500: a validator or the error handler itself failed."
        raise CheckFailed(cause, expected=f"422, because {what}", got=answer)
    return answer


def assert_absent(secret: str, answers: list[Answer], cause: str) -> None:
    """Fail when one of the answers shows the secret."""
    for answer in answers:
        everything = head(answer) + "\n\n" + answer.text
        if secret in everything or json.dumps(secret)[1:-1] in everything:
            request = f"{answer.request.method} {answer.request.path}"
            raise CheckFailed(
                cause, expected=f"{secret}\nnowhere in the answer", got=f"{request}\n{around(everything, secret)}"
            )


def assert_not_logged(logs: Logs, secret: str, cause: str) -> None:
    """Fail when a log line shows the secret."""
    found = [line for line in logs.lines if secret in line]
    if found:
        raise CheckFailed(cause, expected=f"{secret}\nnowhere in the log", got=around(found[0], secret))


def leak(secret: str, text: str) -> str:
    """Eight characters or more of the secret that are in the text; empty when there are none."""
    own = secret.removeprefix("S3cr3t-")
    return next((own[at : at + 8] for at in range(len(own) - 7) if own[at : at + 8] in text), "")


def around(text: str, part: str) -> str:
    """The part of the text with what stands around it."""
    at = max(0, text.find(part))
    return text[max(0, at - 300) : at + 300]


def head(answer: Answer) -> str:
    """Status and headers."""
    return "\n".join([f"{answer.status} {answer.reason}", *(f"{name}: {value}" for name, value in answer.headers)])


def short(value: Any) -> str:
    """A value for a sentence."""
    text = json.dumps(value)
    return text if len(text) < 60 else f"{len(str(value))} characters long"


# Policies, as a browser reads them (https://www.w3.org/TR/CSP3/)

Policy = dict[str, list[str]]


def parse_policies(answer: Answer) -> list[Policy]:
    """Each policy of the answer: its directives with their sources."""
    found: list[Policy] = []
    for text in ",".join(answer.header_values("Content-Security-Policy")).split(","):
        policy: Policy = {}
        for directive in text.split(";"):
            name, *values = directive.split() or [""]
            if name:
                policy.setdefault(name.lower(), values)  # a second one of the same name is ignored
        if policy:
            found.append(policy)
    return found


def policies(answer: Answer, where: str = "") -> list[Policy]:
    """The same; fails when there is none."""
    found = parse_policies(answer)
    if not found:
        raise CheckFailed(
            where or "There is no `Content-Security-Policy`.", expected="Content-Security-Policy: …", got=head(answer)
        )
    return found


def shown(policy: Policy) -> str:
    return ";\n".join(" ".join([name, *values]) for name, values in policy.items())


def sources(policy: Policy, *names: str) -> list[str] | None:
    """The sources of the first of these directives that is there; None when none is, which allows everything."""
    return next((policy[name] for name in names if name in policy), None)


def _secured(allowed: list[str]) -> bool:
    return any(re.match(r"'(nonce|sha256|sha384|sha512)-", source, re.IGNORECASE) for source in allowed)


def wholesale(allowed: list[str] | None) -> list[str]:
    """The sources that let in scripts which nobody here has written."""
    if allowed is None:
        return ["no script-src and no default-src"]
    lower = [source.lower() for source in allowed]
    found = [
        source
        for source in lower
        if source in ("'unsafe-eval'", "*", "http:", "https:", "data:", "blob:", "http://*", "https://*")
    ]
    if "'unsafe-inline'" in lower and not _secured(allowed):  # a browser that knows hashes ignores it beside one
        found.append("'unsafe-inline'")
    return found


def allows_inline(allowed: list[str] | None, text: str, nonce: str | None) -> bool:
    """Whether an inline script or style may run."""
    if allowed is None or (nonce and f"'nonce-{nonce}'" in allowed):
        return True
    for source in allowed:
        kind, _, wanted = source.strip("'").partition("-")
        if kind.lower() in ("sha256", "sha384", "sha512"):
            digest = base64.b64encode(hashlib.new(kind.lower(), text.encode()).digest()).decode()
            if wanted.replace("-", "+").replace("_", "/") == digest:
                return True
    return "'unsafe-inline'" in [source.lower() for source in allowed] and not _secured(allowed)


def allows_url(allowed: list[str] | None, url: str, origin: str, nonce: str | None = None) -> bool:
    """Whether something may be loaded from this URL."""
    if allowed is None or (nonce and f"'nonce-{nonce}'" in allowed):
        return True
    if "'strict-dynamic'" in [source.lower() for source in allowed]:
        return False
    parts = urlsplit(url)
    own = f"{parts.scheme}://{parts.netloc}" == origin
    return any(_matches(source, parts, own) for source in allowed)


def _matches(source: str, parts: Any, own: bool) -> bool:
    lower = source.lower()
    if lower.startswith("'"):
        return lower == "'self'" and own
    if lower == "*" or lower == f"{parts.scheme}:":
        return True
    scheme, found, rest = lower.rpartition("://")
    host, slash, path = rest.partition("/")
    if found and scheme != parts.scheme:
        return False
    if host.startswith("*."):
        fits = str(parts.netloc).endswith(host[1:])
    else:
        fits = host in (parts.netloc, parts.hostname) or host == f"{parts.hostname}:*"
    return fits and (
        not slash
        or path == ""
        or parts.path == f"/{path}"
        or (path.endswith("/") and parts.path.startswith(f"/{path}"))
    )


class Page(HTMLParser):
    """A page of HTML: what it loads and what it runs."""

    class Piece(NamedTuple):
        """A script or a style: from a URL, or inline."""

        kind: str
        url: str | None
        nonce: str | None
        text: list[str]

    def __init__(self, answer: Answer, origin: str) -> None:
        super().__init__(convert_charrefs=False)
        self.origin = origin
        self.base = urljoin(origin, answer.request.path)
        self.pieces: list[Page.Piece] = []
        self._open: list[str] | None = None
        self.feed(answer.text.replace("\r\n", "\n"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "script" and (given.get("type") or "module") in (
            "module",
            "text/javascript",
            "application/javascript",
        ):
            self._add("script", given.get("src"), given.get("nonce"))
        elif tag == "style":
            self._add("style", None, given.get("nonce"))
        elif tag == "link" and "stylesheet" in (given.get("rel") or "").split():
            self._add("style", given.get("href"), given.get("nonce"))
            self._open = None

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._open = None

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self._open.append(data)

    def _add(self, kind: str, url: str | None, nonce: str | None) -> None:
        self._open = []
        self.pieces.append(Page.Piece(kind, url, nonce, self._open))

    def needs(self, policy: Policy) -> Iterator[tuple[str, str, bool]]:
        """What the page needs, the directive that decides, and whether this policy allows it."""
        for piece in self.pieces:
            directive = f"{piece.kind}-src"
            allowed = sources(policy, f"{directive}-elem", directive, "default-src")
            if piece.url is not None:
                url = urljoin(self.base, piece.url)
                yield url, directive, allows_url(allowed, url, self.origin, piece.nonce)
            else:
                text = "".join(piece.text)
                yield (
                    f"the inline {piece.kind} “{' '.join(text.split())[:40]}…”",
                    directive,
                    allows_inline(allowed, text, piece.nonce),
                )
        for piece in self.pieces:
            found = (
                re.search(r"""["']?\burl["']?\s*:\s*["']([^"']+)["']""", "".join(piece.text))
                if piece.kind == "script"
                else None
            )
            if found:
                url = urljoin(self.base, found[1])
                yield url, "connect-src", allows_url(sources(policy, "connect-src", "default-src"), url, self.origin)


# Likely causes


def why_blank(policy: Policy, directive: str, what: str) -> str:
    """The page does not work under its policy."""
    if policy.get("default-src") == ["'none'"] and not any(name.startswith("script-src") for name in policy):
        return (
            "`/docs` has the policy for JSON, so a browser shows an empty page with status 200. Either the policy for the page is not written, or what adds the "
            "headers overwrites what the route has decided, or adds a second policy (a browser obeys both): set only what is not set yet."
        )
    if "inline" in what:
        return (
            f"A browser refuses {what}. Its hash has to be in `{directive}` as `'sha256-…'`: the base64 of the SHA-256 of everything between the tags, "
            "line breaks and spaces included. `'self'` does not cover inline code."
        )
    return f"A browser refuses to load {what}: `{directive}` (or `default-src`) of the page's policy does not allow it, so the page stays empty."


def why_loose(found: list[str]) -> str:
    """The policy lets in what it should stop."""
    if "'unsafe-inline'" in found:
        return "`'unsafe-inline'` allows exactly what an injected script is: inline. Name the page's own script by its hash, or with a nonce."
    return f"The policy allows scripts wholesale ({', '.join(found)}), so it stops nothing. Name what the page needs."


def why_refused(password: str, age: int | None) -> str:
    """A user within the limits was not created."""
    if age is None:
        return "A user without an age is not created: `age` is optional, so it needs a default."
    if len(password) in (8, 128) or age in (0, 150):
        return "A user exactly at the limits is not created: passwords of 8 and of 128 characters, and ages of 0 and 150, are allowed."
    return "A user whom the contract allows is not created."


def why_rule(member: str, value: Any) -> str:
    """A value out of bounds was taken."""
    if member == "email":
        return f"{short(value)} was taken as an e-mail address. Patterns of one's own let nonsense in: use `EmailStr`."
    if member == "password":
        if len(value) > 128:
            return "A password of more than 128 characters was taken: whoever sends one decides how long hashing it takes. Every text needs an upper bound."
        return "A password of fewer than 8 characters was taken."
    return f"An age of {value} was taken: ages go from 0 to 150."


def why_odd(answer: Answer, member: str) -> str:
    """Odd JSON was taken, or became a 500."""
    if answer.status != 500:
        return "This is no value for the member and was not refused."
    if member == "name":
        return (
            "Half of a surrogate pair came as a name and became a 500: it is no text, and no answer can be written with it. Either it was taken (Pydantic "
            "looks into a text only if it has a rule to check, such as an upper bound), or the refusal repeats it."
        )
    return (
        "The error handler itself failed: what was sent can't be written as JSON (`NaN`, half of a surrogate pair), and it was in the answer. "
        "Take `loc` and `type` of each misfit, nothing else."
    )


def why_repeated(answer: Answer, value: str) -> str:
    """Where the value comes from."""
    if '"input"' in answer.text:
        return "`input` repeats what was sent; when a member is missing it is the whole body, password included. Take `loc` and `type` of each misfit."
    if "validation error" in answer.text:
        return "`str(error)` of a validation error lists every value that was sent. Say it in words of your own."
    if '"msg"' in answer.text or "Value error" in answer.text:
        return "The text of a validator (`msg`) quotes the value. Take `loc` and `type` of each misfit."
    return "The refusal repeats what was sent. Say which member does not fit, not what was in it."


def why_not_413(answer: Answer, size: int) -> str:
    """A body that is too large was not refused as such."""
    if answer.status < 400 or answer.status == 422:
        if size == LIMIT + 1:
            return "A body of 65,537 bytes was read and handled. The limit is 65,536: what is larger is refused, whatever is in it, before anybody reads it."
        return "A body of more than 64 KiB was read and handled: refuse it before anybody reads it."
    if answer.status in (400, 500):
        return (
            f"A body that is too large became a {answer.status}: what counts raises, and somebody further in makes something else of it (FastAPI answers 400 "
            "when reading a body fails). Send the 413 yourself, or raise the framework's `HTTPException(413)`."
        )
    return "A body of more than 64 KiB is 413."


def why_not_read(answer: Answer, size: int, framing: str) -> str:
    """A body within the limit was not handled."""
    if answer.status == 413 and size < LIMIT and framing == "announced":
        return (
            "A body of less than 64 KiB was refused. The limit is 65,536 bytes for one request: the count is a local variable, not an attribute of the "
            "middleware, which all requests share."
        )
    if answer.status == 413 and size == LIMIT:
        return (
            "A body of exactly 64 KiB was refused: above is more than that. (`>`, not `>=`; 65,536 bytes, not 64,000.)"
        )
    if answer.status == 411 or framing == "chunked" and answer.status in (400, 413):
        return "A small body without `Content-Length` was refused. Chunked bodies are ordinary (clients send them when they stream): count them instead."
    if answer.status in (400, 422):
        return (
            "A body within the limit arrived incomplete or empty: what was read in order to count it has to be handed on, every piece of it, with "
            "`more_body` as it was."
        )
    return "A body within the limit is handled as before."


def why_opened(answer: Answer, given: str | None, key: str) -> str:
    """A wrong key was not answered with 401."""
    if answer.status == 200:
        if not given:
            return "`/admin/summary` opened without a key."
        if given in key or key in given:
            return "A part of the key, or the key and something more, opened: compare whole keys."
        return f"`/admin/summary` opened with {given!r}, which is not the key."
    if answer.status == 422:
        return "Without the header FastAPI's own 422 came: give the header a default and answer 401 yourself."
    return "A missing or wrong key is 401."


def why_started(variable: str, value: str | None) -> str:
    """The service started without a good secret."""
    if value is None:
        return f"The service starts without `{variable}`: a secret with a default is a secret that everybody knows, and one that is read later fails later."
    if not value.strip(" ,"):
        return f"The service starts with a blank `{variable}`: an empty variable is set, and still no secret. Look at the content, not at presence: strip the value, then measure it."
    if "changeme" in value:
        return f"The service starts with a placeholder in `{variable}`: somebody forgot to replace it. Refuse whatever has `changeme` in it."
    if "," in value:
        return "The service starts although one of several keys is too short: look at each of them, not at the whole value."
    return f"The service starts with a `{variable}` of {len(value)} characters; fewer than 16 can be guessed."


def why_no_token(got: str) -> str:
    """The token did not arrive."""
    if "**" in got or "SecretStr" in got:
        return "What arrived is the mask: a `SecretStr` in a text prints as asterisks. Use `get_secret_value()` where it is sent."
    if not got:
        return "The call carries no `Authorization`: send `Bearer` and the token with it."
    return "The call carries another `Authorization` than `Bearer`, a space, and the value of `DOWNSTREAM_TOKEN`."
