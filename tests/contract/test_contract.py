"""docs/contract.md and the checks say the same: a service written from the page passes, one that breaks it fails.

plain_starlette and bare_asgi were written from the page alone. They pass every check of every lab on the page, so no
check asks for more than the page, or for the course's own way of doing it. Each mutation breaks one sentence of it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from labs.course.catalog import PATTERNS
from labs.judge.run import run_checks
from labs.judge.verdict import Status

from . import services
from .mutations import MUTATIONS
from .services import HERE, SERVICES, WholeService, factory_in, labs_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def judging(request):
    """Both services before all labs, in processes of their own while the other tests run: most of it is waiting."""
    chosen = [item.callspec.params for item in request.session.items if "judging" in getattr(item, "fixturenames", ())]
    wanted = {(params["name"], params["half"]) for params in chosen if "half" in params}
    running = {
        pair: subprocess.Popen(
            [sys.executable, services.__file__, *pair], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for pair in sorted(wanted)
    }
    yield running
    for process in running.values():
        process.kill()
        process.communicate()


@pytest.mark.parametrize("name", MUTATIONS)
def test_what_breaks_the_page_is_caught(judging, runners, tmp_path, name):
    mutation = MUTATIONS[name]
    package = shutil.copytree(HERE / "plain_starlette", tmp_path / "mutated", ignore=shutil.ignore_patterns("__py*"))
    text = (package / mutation.file).read_text()
    assert text.count(mutation.old) == 1, "the mutation no longer applies"
    (package / mutation.file).write_text(text.replace(mutation.old, mutation.new))
    report = run_checks(WholeService(PATTERNS / mutation.lab), runners(factory_in(package)), only=mutation.check)
    (verdict,) = report.verdicts
    assert verdict.status is Status.FAILED
    assert verdict.cause


@pytest.mark.parametrize("half", ["0", "1"])
@pytest.mark.parametrize("name", SERVICES)
def test_service_from_the_page_passes(judging, runners, name, half):  # last: judged since the first test began
    process = judging[name, half]
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    reports = json.loads(out)
    assert [report["lab"] for report in reports] == [pattern.name for pattern in labs_of(half)]
    assert [report["lab"] for report in reports if report["problem"] or not report["verdicts"]] == []
    missed = [
        (report["lab"], verdict["check"])
        for report in reports
        for verdict in report["verdicts"]
        if verdict["status"] != Status.PASSED
    ]
    # Judges that share two cores take time from each other: what was missed then has to be right with less company.
    runner = runners(factory_in(HERE / name))
    again = [run_checks(WholeService(PATTERNS / lab), runner, only=check).verdicts[0] for lab, check in missed]
    wrong = [f"{v.check}: {v.status}. {v.cause} Got: {v.got[:500]}" for v in again if v.status is not Status.PASSED]
    assert not wrong, "\n".join(wrong)
