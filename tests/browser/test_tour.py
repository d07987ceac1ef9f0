"""The first notebook in a real JupyterLab: what every learner sees first."""

import json
import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.slow, pytest.mark.browser]
WRONG = """def about() -> dict[str, str]:
    return {"service": "orders", "version": "1.0.0"}
"""
RIGHT = """def about() -> dict[str, str]:
    return {"service": os.environ["SERVICE_NAME"], "version": os.environ["APP_VERSION"]}
"""


def test_the_tour_from_not_started_to_green(open_notebook, jupyter):
    notebook = open_notebook("00_start_here.ipynb")
    notebook.run_all()
    exercise, check = notebook.exercise("about"), notebook.containing("lab.check()")
    expect(notebook.panel(check)).to_contain_text("Not started")
    notebook.picture("tour-not-started")

    notebook.type_into(exercise, WRONG)
    assert "orders" in notebook.source(exercise)
    notebook.run(exercise)
    notebook.run(check)
    expect(notebook.panel(check)).to_contain_text("typed into the source")
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        notebook.theme(theme)
        notebook.cell(check)
        notebook.picture(f"tour-wrong-{theme.split()[-1].lower()}")
    if folder := os.environ.get("LABS_SCREENSHOTS"):  # the one in the README
        notebook.panel(check).screenshot(path=str(Path(folder) / "panel.png"))

    notebook.type_into(exercise, RIGHT)
    notebook.run(exercise)
    notebook.run(check)
    expect(notebook.panel(check)).to_contain_text("All checks pass")
    notebook.picture("tour-green")

    progress = json.loads((jupyter[1] / "progress.json").read_text())
    assert progress["labs"]["start_here"]["passed"] == ["test_about_answers", "test_about_reads_the_environment"]


def test_the_service_answers_in_the_notebook_and_on_its_link(open_notebook):
    notebook = open_notebook("00_start_here.ipynb")
    notebook.type_into(notebook.exercise("about"), RIGHT)
    notebook.run_all()
    get = notebook.containing("service.get(")
    expect(notebook.panel(get)).to_contain_text("200 OK")
    link = notebook.cell(notebook.containing("lab.serve(")).locator("a").first
    address = link.get_attribute("href")
    answer = notebook.page.request.get(address.replace("/docs", "/about"))
    assert answer.json() == {"service": "orders", "version": "1.0.0"}


def test_nothing_pops_up(open_notebook):
    notebook = open_notebook("00_start_here.ipynb")
    notebook.run_all()
    assert notebook.page.locator(".Toastify__toast").count() == 0
