"""python -m benchmarks.grading [--quick] [--only compare|growth] [--fresh] [--cache FOLDER] [--lab LAB] [--checks N]."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.grading.compare import Plan, compare
from benchmarks.grading.environment import cache_folder
from benchmarks.grading.fewer import run_with_fewer
from benchmarks.grading.growth import Growth, grow
from benchmarks.grading.measure import adopt_orphans


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grading", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="minutes instead of hours, and rough figures")
    parser.add_argument("--only", choices=("compare", "growth"), help="one of the two parts")
    parser.add_argument("--fresh", action="store_true", help="forget what an interrupted run has measured")
    parser.add_argument("--lab", default="exceptions", help="whose solved notebook is graded")
    parser.add_argument("--checks", type=int, default=0, help="of the lab's checks only so many, its first ones")
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--cache", type=Path, default=cache_folder(), help="where peers and measurements are kept")
    chosen = parser.parse_args()
    if chosen.checks and chosen.only != "compare":
        parser.error("--checks goes with --only compare: how a batch grows is measured with another lab")
    cache = chosen.cache.resolve()
    if chosen.checks and not Path.cwd().is_relative_to(cache):
        run_with_fewer(chosen.lab, chosen.checks, cache / f"{chosen.lab}-{chosen.checks}")
    adopt_orphans()
    if chosen.only != "growth":
        plan = Plan(chosen.lab, chosen.rounds or 7)
        if chosen.quick:
            plan = Plan(chosen.lab, chosen.rounds or 1, workers=(1,), batch=4, looks=0)
        compare(plan, cache, fresh=chosen.fresh)
    if chosen.only != "compare":
        grow(Growth((10, 40), (1, 1)) if chosen.quick else Growth(), cache, fresh=chosen.fresh)


if __name__ == "__main__":
    main()
