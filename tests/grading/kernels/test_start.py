"""Starting the process that kernels are forked from."""

from __future__ import annotations

import tempfile

import pytest

from labs.errors import UserError
from labs.grading.kernels.start import Forkserver


def test_too_long_a_path_for_sockets_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("x" * 60)))
    with pytest.raises(UserError, match="too long a path for temporary files: set TMPDIR to a shorter one"):
        Forkserver()
