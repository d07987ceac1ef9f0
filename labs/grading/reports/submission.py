"""The two files of one submission: feedback.html for the learner, results.json for Gradescope."""

from __future__ import annotations

import json
from pathlib import Path

from labs.grading.reports.feedback import feedback
from labs.grading.reports.files import replacing
from labs.grading.reports.gradescope import gradescope
from labs.grading.result import Result

__all__ = ["write_submission"]


def write_submission(result: Result, folder: Path) -> None:
    """Write feedback.html and results.json into `folder`, which is made when it is missing.

    Each file is replaced whole: whoever reads it meanwhile sees the old one or the new one. Raises OSError when it
    can't be written; nothing that a learner put into the result makes it fail.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / "feedback.html") as file:
        file.write(feedback(result))
    with replacing(folder / "results.json") as file:
        json.dump(gradescope(result), file, indent=1, ensure_ascii=False)
        file.write("\n")
