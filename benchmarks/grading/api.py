"""papermill's API in one long-lived process: for each notebook named on stdin, execute it and answer with a line.

python -m benchmarks.grading.api
"""

from __future__ import annotations

import logging
import sys
import warnings

import papermill

from benchmarks.grading.workload import KERNEL


def main() -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    print("ready", flush=True)
    for line in sys.stdin:
        source, target = line.rstrip("\n").split("\t")
        papermill.execute_notebook(source, target, kernel_name=KERNEL, progress_bar=False)
        print("done", flush=True)


if __name__ == "__main__":
    main()
