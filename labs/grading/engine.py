"""A papermill engine that lets a judge in while the kernel is still there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nbclient.exceptions import CellTimeoutError
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine
from papermill.log import logger
from papermill.utils import merge_kwargs, remove_args

__all__ = ["LabsEngine"]


class LabsEngine(NBClientEngine):
    """Executes a notebook as papermill's own engine does; then calls `judge(execute)` before the kernel goes.

    `execute(code)` runs code in the kernel without waiting for it; `timed_out(cell)` hears of a cell that took too
    long, before it is interrupted (with `interrupt_on_timeout`) or the run ends. Without `judge` (as in plain
    `papermill --engine labs`) it is the stock engine.
    """

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        *,
        judge: Callable[[Callable[[str], Any]], None] | None = None,
        timed_out: Callable[[NotebookNode], None] = lambda cell: None,
        kernel_env: dict[str, str] | None = None,
        log_output: bool = False,
        stdout_file: Any = None,
        stderr_file: Any = None,
        start_timeout: int = 60,
        execution_timeout: int | None = None,
        **kwargs: Any,
    ) -> Any:
        """Run the cells of `nb_man.nb`; options as of papermill's engine, `judge`, and the kernel's whole environment."""
        options = merge_kwargs(
            remove_args(["input_path", "timeout", "startup_timeout"], **kwargs),
            timeout=execution_timeout or kwargs.get("timeout"),
            startup_timeout=start_timeout,
            kernel_name=kernel_name,
            log=logger,
            log_output=log_output,
            stdout_file=stdout_file,
            stderr_file=stderr_file,
        )
        kernel = {"env": kernel_env} if kernel_env is not None else {}
        return _Client(nb_man, judge, timed_out, **options).execute(**kernel)


class _Client(PapermillNotebookClient):
    def __init__(self, nb_man: Any, judge: Any, timed_out: Any, **options: Any) -> None:
        super().__init__(nb_man, **options)
        self._judge = judge
        self._timed_out = timed_out
        self._interrupted: Any = None

    async def _async_handle_timeout(self, timeout: int, cell: Any = None) -> Any:
        # With `interrupt_on_timeout` nbclient interrupts again and again, for ever, a cell that ignores it.
        if cell is None or cell is self._interrupted:
            raise CellTimeoutError.error_from_timeout_and_cell("Cell execution timed out", timeout, cell)
        self._interrupted = cell
        self._timed_out(cell)
        return await super()._async_handle_timeout(timeout, cell)

    def papermill_execute_cells(self) -> None:
        super().papermill_execute_cells()
        if self._judge is not None:
            self._judge(lambda code: self.kc.execute(code, silent=True, store_history=False))
