"""The Service Patterns Workbook: labs, the checks that judge them, and the tools around both."""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labs.lab import open_lab as open_lab

__all__ = ["__version__", "open_lab"]

__version__ = version("service-patterns-workbook")


def __getattr__(name: str) -> Any:
    # Only a notebook needs the whole of it; the command line and the grader must not wait for its imports.
    if name == "open_lab":
        if os.environ.get("LABS_GRADING"):
            from labs.grading.kernels.quiet import Quiet

            return lambda name, **options: Quiet()
        from labs.lab import open_lab

        return open_lab
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
