"""`labs check`: a service of one's own, judged from a terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import labs.course.catalog
from labs.cli import main

# The command as it is, for a course that has the demo lab.
COMMAND = "import labs.cli, labs.course.catalog, pathlib, sys; labs.course.catalog.PATTERNS = pathlib.Path(sys.argv.pop(1)); sys.exit(labs.cli.main())"
APP = """
import os
import redis.asyncio
from fastapi import FastAPI


def create_app():
    app = FastAPI()
    client = redis.asyncio.from_url(os.environ["REDIS_URL"])

    @app.get("/hello/{name}")
    def hello(name: str):
        print(f"greeted {name}", flush=True)
        GREETING
        return {"message": f"hello {name}", "service": os.environ["SERVICE_NAME"]}

    @app.post("/visits")
    async def visit() -> int:
        return await client.incr("visits")

    return app
"""


@pytest.fixture(scope="module")
def course(build_course, demo_lab, tmp_path_factory):
    """A folder of labs with the demo in it."""
    return build_course(tmp_path_factory.mktemp("clone"), demo_lab).folder.parent


@pytest.fixture
def labs_here(course, monkeypatch, tmp_path):
    """Runs `labs` in this process, in a folder of its own; the exit code."""
    monkeypatch.setattr(labs.course.catalog, "PATTERNS", course)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])

    def run(*arguments):
        try:
            return main(arguments)
        except SystemExit as exit:
            return exit.code

    return run


def app_file(folder, greeting="pass"):
    path = folder / "service.py"
    path.write_text(APP.replace("GREETING", greeting))
    return path


def test_a_right_service_passes_with_junit_and_the_exit_code_0(course, tmp_path):
    app_file(tmp_path)
    junit = tmp_path / "out.xml"
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, course, "check", "demo", "--app", "service:create_app",
         "--junit-xml", junit, "--seed", "42", "-v"],
        capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "3 passed" in done.stdout
    assert "test_greeting_is_logged PASSED" in done.stdout
    assert "6 of   6 points" in done.stdout
    assert done.stdout.endswith("The same facts again: --seed 42\n")
    suite = ElementTree.parse(junit).getroot().find("testsuite")
    assert {name: suite.get(name) for name in ("tests", "failures", "errors")} == {
        "tests": "3",
        "failures": "0",
        "errors": "0",
    }


def test_a_wrong_service_fails_with_the_cause_and_the_exit_code_1(labs_here, tmp_path, capfd):
    app = app_file(tmp_path, 'return {"message": "hello"}')
    assert labs_here("check", "demo", "--app", f"{app}:create_app", "--only", "greet", "--junit-xml", "out.xml") == 1
    said, error = capfd.readouterr()
    assert error == ""
    for text in (
        "likely cause: The name is the one in the path",
        "expected:",
        "got:",
        "sent:",
        "log:",
        "0 of   3 points",
    ):
        assert text in said
    assert "Traceback" not in said
    suite = ElementTree.parse(tmp_path / "out.xml").getroot().find("testsuite")
    assert {name: suite.get(name) for name in ("tests", "failures", "skipped")} == {
        "tests": "2",
        "failures": "1",
        "skipped": "1",
    }
    assert "likely cause: The name is the one in the path" in suite.find(".//failure").text
    assert "waits for “The greeting names the caller”" in suite.find(".//skipped").get("message")


def test_what_is_not_written_yet_is_said_so(labs_here, tmp_path, capfd):
    app = app_file(tmp_path, "raise NotImplementedError")
    assert labs_here("check", "demo", "--app", str(app)) == 1
    said, _ = capfd.readouterr()
    assert (
        "not started: create_app.<locals>.hello" in said
        or "not started: hello() still raises NotImplementedError" in said
    )
    assert "1 of   3 checks" in said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["demmo", "--app", "x"], "labs: There is no lab 'demmo'. Did you mean 'demo'? The labs are: demo."),
        (["demo", "--app", "nowhere.py"], "labs: The service did not start. There is no file nowhere.py: check the path, relative to"),
        (["demo", "--app", "x", "--only", "nothing"], "labs: 'nothing' is neither an exercise nor a check of this lab."),
        (["demo", "--app", "x", "-k", "nothing"], "labs: No check was selected."),
        (["demo", "--app", "x", "--no-such-option"], "labs: pytest does not understand these options: its message above says which."),
    ],
)  # fmt: skip
def test_what_can_not_be_judged_is_one_sentence_and_the_exit_code_2(labs_here, capfd, arguments, sentence):
    assert labs_here("check", *arguments) == 2
    *_, last = capfd.readouterr().err.splitlines()
    assert sentence in last


def test_usage_and_help(labs_here, capsys):
    assert labs_here("check", "demo") == 2
    assert "required: --app" in capsys.readouterr().err
    assert labs_here() == 2
    assert labs_here("check", "--help") == 0
    said = capsys.readouterr().out
    for option in ("PATTERN", "--app MODULE:FACTORY", "--only NAME", "--seed SEED", "--junit-xml FILE"):
        assert option in said
    assert labs_here("--help") == 0
    assert "judge a service by labs' checks" in capsys.readouterr().out


def test_the_module_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "labs.cli", "check", "no_such_lab", "--app", "x"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("labs: There is no lab 'no_such_lab'.")
    assert len(done.stderr.splitlines()) == 1


def processes_of(marker):
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (
                marker in (folder / "cmdline").read_text()
                and (folder / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
            ):
                found.append(int(folder.name))
        except OSError:
            continue
    return found


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL], ids=lambda sent: sent.name)
def test_whatever_ends_the_command_leaves_no_process(course, tmp_path, wait_until, sent):
    app = app_file(tmp_path, 'open("entered", "w").close(); import time; time.sleep(60)')
    command = subprocess.Popen(
        [sys.executable, "-c", COMMAND, course, "check", "demo", "--app", app],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=tmp_path, start_new_session=True,
    )  # fmt: skip
    wait_until((tmp_path / "entered").exists, 30)
    assert len(processes_of(str(app))) == 3  # the command, the process that keeps the service's, the service
    os.kill(command.pid, sent)
    said, _ = command.communicate(timeout=30)
    assert command.returncode == (2 if sent is signal.SIGINT else -sent)
    if sent is signal.SIGINT:
        assert "KeyboardInterrupt" in said
    wait_until(lambda: processes_of(str(app)) == [], 20)
