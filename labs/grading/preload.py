"""Imported by the process from which judges are forked: what every judge would do first is done once, here."""

from __future__ import annotations

import encodings.ascii
import encodings.idna
import multiprocessing.popen_forkserver

import labs.cli
from labs.course import find_patterns
from labs.errors import UserError
from labs.grading import judging, pool, submission
from labs.grading.isolation import cage
from labs.service.libraries import keep_heap

__all__: list[str] = []

for _pattern in find_patterns(without=()):
    try:
        submission.prepare(_pattern)
        judging.checks_of(_pattern)
        cage.prepare([_pattern.folder])
    except (UserError, OSError):  # a lab in the making: whoever hands in its notebook will be told
        continue

assert labs.cli and pool and encodings.ascii and encodings.idna and multiprocessing.popen_forkserver  # for every judge
keep_heap()
