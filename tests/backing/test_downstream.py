"""The other team's service, met by real clients: scripted replies, and every fault does what its docstring says."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest

from labs.backing import ScriptedReply

from .conftest import run

pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")


def test_downstream_answers_by_script_then_by_default(downstream, http):
    downstream.script(
        ScriptedReply(404, json={"error": "NOT_FOUND"}),
        ScriptedReply(body=b"raw", headers={"content-type": "text/plain"}),
        ScriptedReply(204),
    )
    answers = [http.post(f"{downstream.url}/pay?x=1", json={"n": n}, headers={"X-Id": "7"}) for n in range(4)]
    assert [answer.status_code for answer in answers] == [404, 200, 204, 200]
    assert answers[0].json() == {"error": "NOT_FOUND"}
    assert answers[1].text == "raw"
    assert answers[3].json() == {"status": "ok"}
    call = downstream.wait_for_calls(4)[1]
    assert (call.method, call.path, call.headers["x-id"], call.body, call.status) == (
        "POST",
        "/pay?x=1",
        "7",
        b'{"n":1}',
        200,
    )
    assert str(call).startswith("POST /pay?x=1\n")


def test_downstream_reads_a_streamed_body_and_keeps_the_connection(downstream, http):
    http.post(downstream.url, content=iter([b"one ", b"two"]))
    assert http.get(f"{downstream.url}/next").status_code == 200
    assert [(call.method, call.body) for call in downstream.calls] == [("POST", b"one two"), ("GET", b"")]


def test_downstream_delays_and_resets_by_script(downstream, http):
    downstream.script(ScriptedReply(delay=0.2), ScriptedReply(reset=True))
    started = time.monotonic()
    assert http.get(downstream.url).status_code == 200
    assert time.monotonic() - started >= 0.2
    with pytest.raises(httpx.TransportError):
        http.get(downstream.url)
    assert [call.status for call in downstream.calls] == [200, 0]
    assert http.get(downstream.url).status_code == 200


def test_downstream_drips_an_answer_that_no_time_out_of_a_step_ends(downstream, http):
    downstream.script(ScriptedReply(json=1234, drip=0.1), ScriptedReply(json=5678, drip=60))
    started = time.monotonic()
    assert http.get(downstream.url, timeout=0.3).json() == 1234
    assert time.monotonic() - started >= 0.4
    with pytest.raises(httpx.ReadTimeout):
        http.get(downstream.url, timeout=0.3)
    assert http.get(downstream.url).status_code == 200


def test_downstream_answers_each_path_by_its_own_script(downstream, http):
    downstream.script(ScriptedReply(503), ScriptedReply(404), path="/quotes/a%20b")
    downstream.script(ScriptedReply(502))
    answers = [http.get(f"{downstream.url}/quotes/{item}").status_code for item in ("a%20b", "c", "a%20b", "a%20b")]
    assert answers == [503, 502, 404, 200]
    downstream.script(ScriptedReply(503), path="/quotes/c")
    downstream.clear()
    assert http.get(f"{downstream.url}/quotes/c").status_code == 200


def test_downstream_faults_end_with_up(downstream, http):
    downstream.fail(2, 500)
    assert [http.get(downstream.url).status_code for _ in range(3)] == [500, 500, 200]
    downstream.fail(5)
    assert http.get(downstream.url).status_code == 503
    downstream.up()
    assert http.get(downstream.url).status_code == 200
    downstream.slow(0.2)
    started = time.monotonic()
    http.get(downstream.url)
    assert time.monotonic() - started >= 0.2
    downstream.hang()
    with pytest.raises(httpx.ReadTimeout):
        http.get(downstream.url, timeout=0.2)
    downstream.up()
    downstream.down()
    for _ in range(2):
        with pytest.raises(httpx.TransportError):
            http.get(downstream.url)
    downstream.up()
    assert http.get(downstream.url).status_code == 200


def test_downstream_down_breaks_a_request_in_flight(downstream):
    async def go():
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            downstream.slow(60)
            request = asyncio.create_task(client.get(downstream.url))
            await asyncio.to_thread(downstream.wait_for_calls, 1, 5)
            downstream.down()
            with pytest.raises(httpx.TransportError):
                await request
            downstream.up()
            assert (await client.get(downstream.url)).status_code == 200

    run(go())


def test_notebooks_of_earlier_releases_find_a_scripted_reply_by_its_old_name(downstream, http):
    from labs.backing import Reply

    assert Reply is ScriptedReply
    downstream.script(Reply(503))
    assert [http.get(downstream.url).status_code for _ in range(2)] == [503, 200]
