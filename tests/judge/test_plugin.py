"""Judging by one check alone, or with those that it builds on."""

from labs.course.catalog import find_pattern
from labs.judge.run import run_checks
from labs.service import Runner


def create_app():
    from fastapi import FastAPI

    return FastAPI()


def checks(**options):
    runner = Runner(create_app)
    try:
        report = run_checks(find_pattern("start_here"), runner, **options)
    finally:
        runner.close()
    return {verdict.check: verdict.status for verdict in report.verdicts}


def test_a_check_alone_and_with_those_before_it():
    alone = checks(only="test_about_reads_the_environment")
    assert alone == {"test_about_reads_the_environment": "failed"}
    with_earlier = checks(only="test_about_reads_the_environment", and_earlier=True)
    assert with_earlier == {"test_about_answers": "failed", "test_about_reads_the_environment": "waiting"}
