"""The process that judges a submission."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="batches are graded on Linux")


@pytest.mark.slow
def test_a_judge_ends_with_its_batch_whatever_it_is_doing(wait_until):
    code = (
        "import multiprocessing\n"
        "from labs.grading.judges.judge import _end_with_parent\n"
        "judge = multiprocessing.get_context('forkserver').Process(target=_end_with_parent)\n"
        "judge.start()\n"
        "print(judge.pid, flush=True)\n"
        "judge.join()\n"
    )
    batch = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    judge = Path("/proc") / batch.stdout.readline().strip()
    assert judge.exists()
    batch.kill()
    batch.wait()
    batch.stdout.close()
    wait_until(lambda: not judge.exists())
