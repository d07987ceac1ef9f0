"""Verdicts and reports: what is kept of them as JSON."""

from __future__ import annotations

import json

from labs.judge.run import run_checks
from labs.judge.verdict import Report

from .conftest import demo_app, statuses, unfinished


def test_a_report_survives_json(runners, demo_lab):
    report = run_checks(demo_lab, runners(demo_app(greet=unfinished, count=lambda client: 1 / 0)))
    assert {*statuses(report)} == {"not started", "failed"}
    copy = Report.from_dict(json.loads(json.dumps(report.to_dict())))
    assert copy == report
