"""A real JupyterLab on a copy of the course, driven in Chromium."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from labs.course.catalog import ROOT

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TOKEN = "browser-tests"


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's path. Without one the tests are skipped, unless LABS_REQUIRE_BROWSER forbids that."""
    found = os.environ.get("LABS_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        if os.environ.get("LABS_REQUIRE_BROWSER") == "1":
            pytest.fail("no Chromium or Chrome on PATH, and LABS_REQUIRE_BROWSER=1: install Debian's chromium package")
        pytest.skip("no Chromium or Chrome on PATH: install one, or name it with LABS_CHROMIUM=/path/to/chrome")
    return found


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory):
    """The URL of a JupyterLab whose root holds a fresh copy of notebooks/, and that copy."""
    home = tmp_path_factory.mktemp("jupyter")
    shutil.copytree(ROOT / "notebooks", home / "root" / "notebooks", ignore=shutil.ignore_patterns(".ipynb_*"))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    env = {
        **os.environ,
        "JUPYTER_CONFIG_PATH": str(ROOT / "etc" / "jupyter"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
        "LABS_PROGRESS": str(home / "progress.json"),
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"]
    command += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}"]
    command += [f"--ServerApp.root_dir={home / 'root'}", "--LabApp.expose_app_in_browser=True"]
    server = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        _wait_until_ready(server, port)
        yield f"http://127.0.0.1:{port}", home
    finally:
        server.terminate()
        server.wait(20)


def _wait_until_ready(server: subprocess.Popen[str], port: int) -> None:
    """Jupyter says where it is at once it listens; its output is read on, so that it never blocks."""
    ready, lines = threading.Event(), []

    def read() -> None:
        for line in server.stdout:
            lines.append(line)
            if f"http://127.0.0.1:{port}/lab" in line:
                ready.set()
        ready.set()

    threading.Thread(target=read, daemon=True).start()
    assert ready.wait(90), "".join(lines)
    assert server.poll() is None, "".join(lines)
    deadline = time.monotonic() + 10
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status?token={TOKEN}", timeout=5).close()
            return
        except OSError:
            assert time.monotonic() < deadline, "".join(lines)


# Per module: while Playwright is there its event loop runs in the main thread, where other tests want their own.
@pytest.fixture(scope="module")
def browser(chromium, tmp_path_factory):
    """A browser with a profile of its own."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(tmp_path_factory.mktemp("profile")),
            executable_path=chromium,
            headless=True,
            args=FLAGS,
            viewport={"width": 1280, "height": 1000},
        )
        context.set_default_timeout(60_000)
        yield context
        context.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    setattr(item, f"report_{report.when}", report)
    return report


@pytest.fixture
def open_notebook(jupyter, browser, request, tmp_path):
    """Open notebooks by name; a failed test leaves a screenshot."""
    opened: list[Notebook] = []
    url, _ = jupyter

    def open_(name: str) -> Notebook:
        notebook = Notebook(browser.new_page(), url, f"notebooks/{name}")
        opened.append(notebook)
        return notebook

    yield open_
    failed = getattr(request.node, "report_call", None) is not None and request.node.report_call.failed
    for notebook in opened:
        if failed:
            picture = Path(os.environ.get("LABS_SCREENSHOTS", tmp_path)) / "failure.png"
            notebook.page.screenshot(path=str(picture), full_page=True)
            print("screenshot:", picture)
        notebook.close()


class Notebook:
    """One notebook in one page, used as a learner would."""

    # A plain predicate: an async one returns a promise, which wait_for_function takes for true.
    READY = """() => { const w = window.jupyterapp?.shell?.currentWidget;
        return !!(w?.sessionContext?.isReady && w.context.isReady
                  && w.sessionContext.session?.kernel?.status === 'idle'
                  && window.jupyterapp.commands.hasCommand('notebook:run-all-cells')); }"""

    def __init__(self, page, url: str, path: str) -> None:
        self.page = page
        workspace = "test-" + path.replace("/", "-").replace(".", "-")
        page.goto(f"{url}/lab/workspaces/{workspace}/tree/{path}?token={TOKEN}&reset")
        page.wait_for_function(self.READY)

    def command(self, name: str, **arguments):
        return self.page.evaluate("([n, a]) => window.jupyterapp.commands.execute(n, a)", [name, arguments])

    def run_all(self) -> None:
        """Run every cell and wait for the last."""
        self.command("notebook:run-all-cells")

    def index(self, predicate: str) -> int:
        """The position of the first cell whose model satisfies a JavaScript expression over `cell`."""
        found = self.page.evaluate(
            f"() => window.jupyterapp.shell.currentWidget.content.widgets.findIndex(w => "
            f"{{ const cell = w.model; return {predicate}; }})"
        )
        assert found >= 0, f"no cell with {predicate}"
        return found

    def exercise(self, name: str) -> int:
        """The position of an exercise's cell."""
        return self.index(f"(cell.getMetadata('labs') || {{}}).exercise === '{name}'")

    def containing(self, text: str) -> int:
        """The position of the first code cell that contains this text."""
        return self.index(f"cell.type === 'code' && cell.sharedModel.getSource().includes({text!r})")

    def cell(self, index: int):
        """The cell on the page, scrolled into view."""
        self.page.evaluate(
            "async i => { const c = window.jupyterapp.shell.currentWidget.content;"
            " c.activeCellIndex = i; await c.scrollToItem(i, 'center'); }",
            index,
        )
        return self.page.locator(f'.jp-Notebook-cell[data-windowed-list-index="{index}"]')

    def type_into(self, index: int, source: str) -> None:
        """Replace a cell's text through its editor."""
        editor = self.cell(index).locator(".cm-content")
        editor.click()
        editor.press("ControlOrMeta+a")
        self.page.keyboard.insert_text(source)

    def source(self, index: int) -> str:
        return self.page.evaluate(
            "i => window.jupyterapp.shell.currentWidget.content.widgets[i].model.sharedModel.getSource()", index
        )

    def run(self, index: int) -> None:
        """Run one cell and wait for it."""
        self.cell(index)
        self.command("notebook:run-cell")

    def panel(self, index: int):
        """The check panel below a cell."""
        return self.cell(index).locator(".jp-OutputArea-output .lab-panel")

    def theme(self, name: str) -> None:
        """Switch JupyterLab's theme and wait until it is in force."""
        self.command("apputils:change-theme", theme=name)
        light = "true" if "Light" in name else "false"
        self.page.wait_for_selector(f'body[data-jp-theme-light="{light}"]', state="attached")
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")

    def picture(self, name: str) -> None:
        """Keep a screenshot where LABS_SCREENSHOTS asks for them."""
        if folder := os.environ.get("LABS_SCREENSHOTS"):
            self.page.screenshot(path=str(Path(folder) / f"{name}.png"))

    def close(self) -> None:
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        self.page.close()
