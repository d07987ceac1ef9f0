"""What `labs grade` says of a cluster that it can't reach or was not told of."""

from __future__ import annotations

import sys

import pytest

from labs.cli import main

pytest.importorskip("distributed", reason="the extra `distributed` is not installed")
pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="batches are graded on Linux")


def test_a_scheduler_that_is_not_there_is_a_sentence(tmp_path, capsys, monkeypatch, hand_in):
    monkeypatch.setattr("labs.grading.cluster.client.CONNECT", 0.5)
    hand_in(tmp_path / "in", "ada")
    options = ["--executor", "dask", "--scheduler", "tcp://127.0.0.1:9"]
    assert main(["grade", str(tmp_path / "in"), "--out", str(tmp_path / "out"), *options]) == 2
    said = capsys.readouterr().err
    assert said.startswith("labs: There is no dask scheduler at 'tcp://127.0.0.1:9': ")
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_without_the_extra_dask_is_a_sentence(tmp_path, capsys, monkeypatch, hand_in):
    monkeypatch.setitem(sys.modules, "distributed", None)
    hand_in(tmp_path / "in", "ada")
    options = ["--executor", "dask", "--scheduler", "tcp://127.0.0.1:9"]
    assert main(["grade", str(tmp_path / "in"), "--out", str(tmp_path / "out"), *options]) == 2
    assert "pip install 'service-patterns-workbook[distributed]'" in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--executor", "dask"], ["--scheduler", "tcp://127.0.0.1:9"]])
def test_executor_and_scheduler_go_together(tmp_path, capsys, options, hand_in):
    hand_in(tmp_path / "in", "ada")
    assert main(["grade", str(tmp_path / "in"), "--out", str(tmp_path / "out"), *options]) == 2
    assert capsys.readouterr().err == "labs: --executor dask and --scheduler ADDRESS go together.\n"
