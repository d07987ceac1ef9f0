"""The panel while checks run: redrawn in a notebook, printed once outside of one."""

from __future__ import annotations

import pytest

from labs.judge.verdict import Report, Status, Verdict
from labs.notebook.live import LivePanel, somebody_watches
from labs.views.panel import Panel


def test_outside_a_notebook_the_panel_is_printed_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert not somebody_watches()
    panel = Panel(Report("lab", "Title", [Verdict("one", "Title of one", status=Status.PASSED)]))
    live = LivePanel(panel)
    live.update()
    assert capsys.readouterr().out == ""
    live.finish()
    assert capsys.readouterr().out == panel.text() + "\n"
