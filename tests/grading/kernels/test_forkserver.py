"""The process that kernels are forked from."""

from __future__ import annotations

import os

import pytest

from labs.grading.isolation.sandbox import Sandbox, Tier
from labs.grading.kernels import forkserver
from labs.grading.kernels.fork_messages import KernelRequest


@pytest.mark.parametrize("keeper_lives", [True, False])
def test_a_kernel_whose_keeper_died_before_it_was_ready_does_not_begin(monkeypatch, keeper_lives):
    monkeypatch.setattr(forkserver, "_kernel", lambda request: 7)
    ready, kept, keeping = os.open(os.devnull, os.O_WRONLY), *os.pipe()
    if not keeper_lives:
        os.close(keeping)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = forkserver._first_process(KernelRequest({}, Sandbox(Tier.NONE, ""), {}, ""), ready, kept)
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == (7 if keeper_lives else 0)
    for descriptor in (ready, kept, *([keeping] if keeper_lives else [])):
        os.close(descriptor)
