"""A panel on screen: redrawn in place while somebody watches, shown once everywhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from IPython import get_ipython
from IPython.display import DisplayHandle, display

if TYPE_CHECKING:
    from labs.views.panel import Panel

__all__ = ["LivePanel", "somebody_watches"]


class LivePanel:
    """Shows a panel while its report fills up.

    Call `update()` when a check starts (it takes about a millisecond) and `finish()` at the end, both from
    the thread that runs the cell.
    """

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self._handle: DisplayHandle | None = None
        if somebody_watches():
            self._handle = display(panel, display_id=True)

    def update(self) -> None:
        """Redraw, where somebody watches."""
        if self._handle is not None:
            self._handle.update(self.panel)

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
