"""A service in a process of its own: whatever it does to that process, the host tells in a sentence and goes on."""

from __future__ import annotations

import contextlib
import os
import textwrap
import threading
import time
from pathlib import Path

import httpx
import pytest

from labs.service import Incident, IncidentKind, StartFailed, Unimplemented
from labs.service.process_host import ProcessHost


@pytest.fixture(scope="module")
def shared_host(tmp_path_factory):
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"  # the file changes more often than a .pyc would notice
    folder = tmp_path_factory.mktemp("app")
    host = ProcessHost(str(folder / "app.py"))
    yield host
    host.close()
    del os.environ["PYTHONDONTWRITEBYTECODE"]


@pytest.fixture
def host(shared_host):
    """The host; `host.serves(source)` says what its file holds."""

    def serves(source):
        Path(shared_host.reference).write_text("import asyncio, os, signal, sys, time\n" + textwrap.dedent(source))

    shared_host.serves = serves
    yield shared_host
    shared_host.stop()


def members(group):
    """The processes of a process group that are not yet over."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, _, member_of, *_ = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(member_of) == group and state != "Z":
                found.append(folder.name)
    return found


APP = """
    from fastapi import FastAPI

    NAME = os.environ.get("SERVICE_NAME", "nobody")
    starts = []

    def create_app():
        starts.append(NAME)
        app = FastAPI()

        @app.get("/")
        def root():
            print("printed", NAME)
            os.write(1, b"written\\n")
            return [NAME, len(starts), os.getpid()]

        {route}
        return app
"""


def app_with(route="pass"):
    return APP.replace("{route}", textwrap.indent(textwrap.dedent(route).strip(), " " * 8).strip())


def test_each_start_is_a_fresh_process_with_its_own_environment(host, http):
    host.serves(app_with())
    pids = set()
    for name in ("one", "two"):
        answer = http.get(host.start({"SERVICE_NAME": name}))
        assert answer.json()[:2] == [name, 1]
        pids.add(answer.json()[2])
        host.stop()
        assert [line for line in host.stream.lines if line in (f"printed {name}", "written")] == [
            f"printed {name}",
            "written",
        ]
        assert any("Finished server process" in line for line in host.stream.lines)
        assert host.stream.closed
        assert host.incidents == []
    assert len(pids) == 2
    assert http.get(host.start({"SERVICE_NAME": None})).json()[0] == "nobody"


def test_the_libraries_of_the_first_start_are_there_at_the_next_and_the_services_own_modules_are_not(tmp_path):
    (tmp_path / "own.py").write_text("value = 1\n")
    (tmp_path / "app.py").write_text(
        textwrap.dedent("""
            import sys
            there = [name for name in ("tenacity", "own") if name in sys.modules]
            sys.path.insert(0, __file__.rpartition("/")[0])
            import own, tenacity
            from fastapi import FastAPI

            def create_app():
                print("there:", *there)
                return FastAPI()
        """)
    )
    host = ProcessHost(str(tmp_path / "app.py"))
    said = []
    for _ in range(2):
        host.start({})
        host.stop()
        said += [line for line in host.stream.lines if line.startswith("there:")]
    host.close()

    assert said == ["there:", "there: tenacity"]


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("def create_app(:\n", "app.py has a syntax error in line 2: invalid syntax."),
        ("import no_such_module", "failed: there is no module named 'no_such_module'."),
        ("x = 1", "app.py has no `create_app`: name the factory, as in"),
        ("create_app = 3", "`create_app` is not a factory but an int"),
        ("def create_app(): return None", "`create_app` returned None: it has to end with `return app`."),
        ("os.environ['NO_SUCH_VARIABLE']", "app.py failed: the environment variable NO_SUCH_VARIABLE is missing."),
        ("1 / 0", "app.py failed: ZeroDivisionError: division by zero"),
        ("sys.exit(3)", "app.py ended the process with sys.exit(3)."),
        ("os._exit(3)", "The process ended while starting (exit code 3)."),
        ("def create_app(): os.kill(os.getpid(), signal.SIGKILL)", "The process ended while starting (killed by signal 9)."),
    ],
)  # fmt: skip
def test_what_can_not_start_gets_one_sentence(host, http, source, sentence):
    host.serves(source)
    with pytest.raises(StartFailed) as failure:
        host.start({})
    assert sentence in str(failure.value)
    assert len(str(failure.value).splitlines()) == 1
    assert host.stream.closed
    host.serves(app_with())
    assert http.get(host.start({})).status_code == 200


def test_a_file_that_is_not_there_gets_one_sentence():
    host = ProcessHost("/no/such/app.py")
    with pytest.raises(StartFailed, match="There is no file /no/such/app.py: check the path"):
        host.start({})
    host.close()


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("def create_app():\n    raise NotImplementedError", "create_app"),
        ("def engine():\n    raise NotImplementedError\nengine()", "engine"),
        (app_with("app.router.lifespan_context = open_pool\n\n") + "\n    def open_pool(app):\n        raise NotImplementedError", "open_pool"),
    ],
)  # fmt: skip
def test_what_is_not_written_yet_is_named(host, source, name):
    host.serves(source)
    with pytest.raises(Unimplemented, match=f"^{name}$"):
        host.start({})


def request(http, url):
    with contextlib.suppress(httpx.HTTPError):
        http.get(url, timeout=5)


@pytest.mark.parametrize(
    ("crime", "incident"),
    [
        ("os._exit(7)", "The service's process ended (exit code 7)."),
        ("os.kill(os.getpid(), signal.SIGKILL)", "The service's process ended (killed by signal 9)."),
        ("sys.exit(1)", "The service ended its process with SystemExit(1) during a request."),
        ("raise NotImplementedError", "crime"),
    ],
)
def test_a_service_that_ends_itself_is_an_incident(host, http, crime, incident):
    host.serves(app_with(f"""
        @app.get("/crime")
        def crime():
            print("last words", flush=True)
            {crime}
    """))  # fmt: skip
    request(http, host.start({}) + "/crime")
    host.stop()
    assert [incident.detail for incident in host.incidents] == [incident]
    assert "last words" in host.stream.lines
    host.serves(app_with())
    assert http.get(host.start({})).status_code == 200


def test_a_service_that_kills_its_parent_is_survived_and_leaves_nothing(host, http, wait_until):
    host.serves(app_with("""
        @app.get("/crime")
        def crime():
            os.kill(os.getppid(), signal.SIGKILL)
    """))  # fmt: skip
    url = host.start({})
    group = host._child.pid
    request(http, url + "/crime")
    host.serves(app_with())
    assert http.get(host.start({})).status_code == 200
    wait_until(lambda: members(group) == [])


@pytest.mark.slow
def test_a_service_that_blocks_is_left_within_seconds(host, http):
    host.serves(app_with("""
        @app.get("/crime")
        async def crime():
            print("entered", flush=True)
            while True:
                pass
    """))  # fmt: skip
    url = host.start({})
    threading.Thread(target=request, args=(http, url + "/crime"), daemon=True).start()
    assert host.stream.wait_for(lambda lines: "entered" in lines, 5)
    time.sleep(0.2)
    started = time.monotonic()
    host.stop()
    assert time.monotonic() - started < 8
    assert host.incidents == [Incident(IncidentKind.HUNG, "The service did not stop: something blocks its event loop.")]
    host.serves(app_with())
    assert http.get(host.start({})).status_code == 200


@pytest.mark.slow
def test_a_start_that_never_ends_ends_at_its_deadline(host, http, monkeypatch):
    host.serves("time.sleep(60)")
    monkeypatch.setattr(host, "start_timeout", 1.5)
    with pytest.raises(StartFailed, match=r"did not start listening within 1\.5 s"):
        host.start({})
    monkeypatch.undo()
    host.serves(app_with())
    assert http.get(host.start({})).status_code == 200


def test_the_log_is_what_was_written_line_by_line(host, http):
    host.serves(app_with(r"""
        @app.get("/odd")
        def odd():
            sys.stdout.write("carriage\rreturn\n")
            os.write(1, b"no utf-8: \xff\n")
            os.system("echo from a child process; echo to stderr >&2")
            os.write(2, b"no newline at the end")
            os._exit(0)
    """))  # fmt: skip
    request(http, host.start({}) + "/odd")
    host.stop()
    lines = host.stream.lines
    for line in (
        "carriage\rreturn",
        "no utf-8: \\xff",
        "from a child process",
        "to stderr",
        "no newline at the end",
    ):
        assert line in lines


def test_nothing_is_left_after_close(tmp_path, http):
    (tmp_path / "app.py").write_text(
        "import subprocess\nsubprocess.Popen(['sleep', '60'])\nfrom fastapi import FastAPI as create_app\n"
    )
    before = set(threading.enumerate()), len(os.listdir("/proc/self/fd"))
    host = ProcessHost(f"{tmp_path}/app.py")
    http.get(host.start({}))
    group = host._child.pid
    assert len(members(group)) == 3
    host.close()
    assert members(group) == []
    assert set(threading.enumerate()) <= before[0]
    assert len(os.listdir("/proc/self/fd")) <= before[1]
    host.close()
