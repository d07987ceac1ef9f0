"""`labs grade` in a tier that this machine would not choose by itself.

python -m benchmarks.grading.tier landlock SUBMISSIONS OUT JOBS
"""

from __future__ import annotations

import sys
from pathlib import Path

from labs.grading import batch
from labs.grading.isolation import tiers

if __name__ == "__main__":
    tier, submissions, out, jobs = sys.argv[1:]
    if tier not in tiers.explore().tiers:
        sys.exit(f"This machine does not give {tier}: {tiers.explore().problems[tier]}")
    tiers.choose = lambda _isolation: tier
    print(batch.grade_batch([Path(submissions)], Path(out), batch.Options(jobs=int(jobs))))
