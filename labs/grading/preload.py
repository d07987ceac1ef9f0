"""Imported by the process from which judges are forked: what every judge would do first is done once, here."""

from __future__ import annotations

import os

from labs.service.libraries import import_all, keep_heap

__all__: list[str] = []

_IMPORTED = (
    *("encodings.ascii", "encodings.idna", "encodings.utf_8_sig", "multiprocessing.popen_forkserver"),
    *("nbformat", "jupyter_client", "nbclient", "papermill", "papermill.engines", "pytest"),
    *("labs.judge.engine", "labs.grading.engine", "labs.grading.judging", "labs.grading.pool", "labs.cli"),
)


def _prepare() -> None:
    from labs.course import find_patterns
    from labs.errors import UserError
    from labs.grading import judging, submission
    from labs.grading.isolation import cage

    for pattern in find_patterns(without=()):
        try:
            submission.prepare(pattern)
            judging.checks_of(pattern)
            cage.prepare([pattern.folder])
        except (UserError, OSError):  # a lab in the making: whoever hands in its notebook will be told
            continue


import_all(_IMPORTED, parent=os.getppid())  # whoever wanted judges may be killed meanwhile
_prepare()
keep_heap()
