"""A panel on screen: redrawn in place while somebody watches, shown once everywhere else."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from IPython import get_ipython
from IPython.display import DisplayHandle, display

if TYPE_CHECKING:
    from labs.notebook.panel import Panel

__all__ = ["LivePanel", "somebody_watches"]

REDRAW = 0.1  # seconds between redraws: quick enough to look live, slow enough not to slow the checks down


class LivePanel:
    """Shows a panel while its report fills up.

    Call `update()` whenever a verdict has changed, from the thread that runs the cell; then `finish()`.
    """

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self._handle: DisplayHandle | None = None
        self._drawn = 0.0
        if somebody_watches():
            self._handle = display(panel, display_id=True)
            self._drawn = time.monotonic()

    def update(self) -> None:
        """Redraw, unless that was done a moment ago."""
        if self._handle is not None and time.monotonic() - self._drawn >= REDRAW:
            self._handle.update(self.panel)
            self._drawn = time.monotonic()

    def finish(self) -> None:
        """Show the result."""
        if self._handle is not None:
            self._handle.update(self.panel)
        elif get_ipython() is not None:
            display(self.panel)
        else:
            print(self.panel.text())


def somebody_watches() -> bool:
    """Whether the running cell came from a front end with a person, told by its offer to answer `input()`.

    nbval, nbclient and papermill make no such offer. And nbval sees only the first state of a display that is
    updated later: under it a live panel would never equal the one in the executed notebook.
    """
    kernel = getattr(get_ipython(), "kernel", None)
    if kernel is None:
        return False
    return bool(kernel.get_parent("shell").get("content", {}).get("allow_stdin"))
