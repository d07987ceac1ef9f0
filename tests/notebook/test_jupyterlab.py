"""`labs start`: JupyterLab on the port that was asked for, or one sentence."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from labs.errors import UserError
from labs.notebook import jupyterlab

pytestmark = pytest.mark.slow


@pytest.fixture
def taken_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


@pytest.fixture
def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


@pytest.fixture
def clone(tmp_path):
    """A folder to start in that holds one empty notebook, with a space in its name."""
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}
    folder = tmp_path / "a clone"
    folder.mkdir()
    (folder / "one.ipynb").write_text(json.dumps(notebook))
    return folder


@pytest.fixture
def server(clone, free_port, tmp_path):
    """JupyterLab in a process of its own, and everything it printed."""
    home = tmp_path / "home"
    home.mkdir()
    code = (
        "import pathlib, sys\n"
        "from labs.notebook import jupyterlab\n"
        "jupyterlab.CLONE = pathlib.Path(sys.argv[1])\n"
        "jupyterlab.WORKSPACES = jupyterlab.CLONE / '.jupyter' / 'workspaces'\n"
        "sys.exit(jupyterlab.start(int(sys.argv[2]), open_browser=False, notebook='one.ipynb'))\n"
    )
    env = {k: v for k, v in os.environ.items() if not k.startswith("JUPYTER")} | {"HOME": str(home)}
    output = tmp_path / "output"
    with output.open("w") as file:
        command = [sys.executable, "-c", code, str(clone), str(free_port)]
        process = subprocess.Popen(command, stdout=file, stderr=file, stdin=subprocess.DEVNULL, env=env)
    yield process, output, free_port, home
    process.kill()
    process.wait()


def wait_for_link(process, output):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = re.search(r"http://127\.0\.0\.1:\d+(/\S*)\?token=(\w+)", output.read_text())
        if found:
            return found.groups()
        assert process.poll() is None, output.read_text()
        time.sleep(0.1)
    raise AssertionError(output.read_text())


def get(port, path, token, put=None):
    url = f"http://127.0.0.1:{port}{path}"
    headers = {"Authorization": f"token {token}"}
    request = urllib.request.Request(url, put, headers, method="PUT" if put else "GET")
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.read().decode()
        except urllib.error.HTTPError:
            raise
        except urllib.error.URLError:  # Jupyter prints its link a moment before it listens
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def test_it_serves_the_notebook_and_stops_cleanly(server, clone):
    process, output, port, home = server
    path, token = wait_for_link(process, output)

    assert path == "/lab/tree/one.ipynb"
    assert json.loads(get(port, "/api/status", token))["kernels"] == 0
    files = json.loads(get(port, "/api/contents", token))["content"]
    assert [file["name"] for file in files] == ["one.ipynb"]

    with pytest.raises(urllib.error.HTTPError) as refused:
        get(port, "/api/contents", "a-guess")
    assert refused.value.code == 403, "without the token, nobody gets in"

    settings = json.loads(get(port, "/lab/api/settings/@jupyterlab/apputils-extension:notification", token))
    defaults = {name: value["default"] for name, value in settings["schema"]["properties"].items()}
    assert defaults["fetchNews"] == "false"
    assert defaults["checkForUpdates"] is False

    workspace = json.dumps({"data": {}, "metadata": {"id": "tabs"}}).encode()
    get(port, "/lab/api/workspaces/tabs", token, put=workspace)
    assert list((clone / ".jupyter" / "workspaces").iterdir()), "open tabs belong to the clone"

    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0, output.read_text()
    assert not (home / ".jupyter").exists(), "the learner's own configuration is not touched"
    assert "Traceback" not in output.read_text()


def test_a_taken_port_is_named(taken_port):
    with pytest.raises(UserError) as error:
        jupyterlab.start(taken_port)

    assert f"Port {taken_port} is taken" in str(error.value)
    assert f"make lab PORT={taken_port + 1}" in str(error.value)


def test_a_port_that_was_just_closed_is_free():
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Jupyter's was
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            listener.accept()[0].close()  # the server closes first, and its side lingers in TIME_WAIT

    jupyterlab._require_free(port)


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_number_that_is_no_port_is_refused(port):
    with pytest.raises(UserError, match=f"{port} is not a port"):
        jupyterlab.start(port)


def test_a_missing_notebook_is_named(free_port):
    with pytest.raises(UserError, match=r"notebooks/none\.ipynb is not in"):
        jupyterlab.start(free_port, notebook="notebooks/none.ipynb")
