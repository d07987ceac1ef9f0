"""Imported by the process from which judges are forked: what every judge would do first is done once, here."""

from __future__ import annotations

import os

from labs.service.libraries import import_all, keep_heap

__all__: list[str] = []

_IMPORTED = (
    *("encodings.ascii", "encodings.idna", "encodings.utf_8_sig", "multiprocessing.popen_forkserver"),
    *("nbformat", "jupyter_client", "nbclient", "papermill", "papermill.engines", "pytest"),
    *(
        "labs.judge.run",
        "labs.grading.kernels.papermill_engine",
        "labs.grading.judges.judge",
        "labs.grading.judges.pool",
        "labs.cli",
    ),
)


def _prepare() -> None:
    from labs.course.catalog import find_patterns
    from labs.errors import UserError
    from labs.grading.isolation import sandbox
    from labs.grading.judges import judge
    from labs.grading.submissions import submission

    for pattern in find_patterns(without=()):
        try:
            submission.prepare(pattern)
            judge.checks_of(pattern)
            sandbox.prepare([pattern.folder])
        except (UserError, OSError):  # a lab in the making: whoever hands in its notebook will be told
            continue


import_all(_IMPORTED, parent=os.getppid())  # whoever wanted judges may be killed meanwhile
_prepare()
keep_heap()
