"""What a judge is locked into."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest

from labs.grading.isolation import sandbox, tiers
from labs.grading.isolation.limits import Limits

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="isolation needs Linux")


@pytest.mark.skipif("landlock" not in tiers.explore().tiers, reason="needs Landlock")
def test_a_judge_can_not_be_led_by_a_link_to_write_elsewhere():
    with tempfile.TemporaryDirectory() as root:  # pytest's folders are closed to who judges for root
        shared, elsewhere = Path(root) / "shared", Path(root) / "elsewhere"
        for folder in (shared, elsewhere, Path(root)):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o777)
        (shared / "link").symlink_to(elsewhere / "file")
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                sandbox.lock_judge("landlock", shared, Limits())
                (shared / "file").write_text("x")
                (shared / "link").write_text("x")
            except PermissionError:
                code = 0 if (shared / "file").exists() else 1
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert list(elsewhere.iterdir()) == []
