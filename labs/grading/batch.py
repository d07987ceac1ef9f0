"""Grade all that was handed in, into a folder. The same call goes on from where an earlier run was stopped."""

from __future__ import annotations

import functools
import hashlib
import shutil
import sys
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from labs.course import catalog
from labs.course.catalog import find_pattern
from labs.errors import UserError
from labs.grading.doctor import refuse_unsafe_libraries
from labs.grading.executors import Executor, Local, dask_executor
from labs.grading.isolation.sandbox import TIERS, Tier
from labs.grading.job import Job
from labs.grading.judges.pool import Graded
from labs.grading.release import release_of
from labs.grading.reports import write_batch, write_submission
from labs.grading.reports.files import RESULT
from labs.grading.reports.text import one_line
from labs.grading.result import Outcome, Result
from labs.grading.results_folder import locked, open_folder, read_result, store, stored_results, write_result
from labs.grading.roster import Roster, read_roster
from labs.grading.storage import Copies, Nowhere
from labs.grading.submissions.find import Entry, Hand, find_submissions

__all__ = ["Options", "Totals", "grade_batch", "stored_results"]

NAMED = 20  # submissions that were not judged whose reasons are told at the end; all stand in the reports
AHEAD = 16  # submissions that are read before their turn, where that takes time


@dataclass(frozen=True, slots=True)
class Options:
    """How to grade."""

    jobs: int = 0  # submissions at once; 0 for as many as there are processors
    isolation: str = "best"  # "require", "best" or "none"
    fork: bool = True  # False: kernels as papermill starts them, without isolation
    lab: str = ""  # take notebooks of this lab alone
    cell_timeout: int = 30  # seconds
    time_limit: float = 240.0  # seconds for one submission
    again: bool = False  # judge anew what has a result already
    executor: str = "local"  # or "dask"
    scheduler: str = ""  # the address of dask's
    names: str = ""  # how learners are named: a platform, a pattern or "plain"; empty for a guess
    roster: Path | None = None  # a class list in CSV


@dataclass(slots=True)
class Totals:
    """How many submissions ended how, earlier runs included."""

    judged: int = 0
    rejected: int = 0
    failed: int = 0
    kept: int = 0  # of these, how many were not judged anew
    absent: int = 0  # people of the roster who handed in nothing
    layout: str = ""  # a platform's, by which learners were named although nobody asked for it
    reasons: list[str] = field(default_factory=list)  # of the first NAMED that were not judged: file and sentence

    def add(self, result: Result) -> None:
        """Count one more result."""
        name = result.outcome.value
        setattr(self, name, getattr(self, name) + 1)
        if result.outcome is not Outcome.JUDGED and len(self.reasons) < NAMED:
            self.reasons.append(f"{one_line(result.source)}: {one_line(result.sentence, 300)}")

    def __str__(self) -> str:
        parts = [f"{self.judged} judged"]
        parts += [f"{self.rejected} rejected"] if self.rejected else []
        parts += [f"{self.failed} failed"] if self.failed else []
        kept = f" ({self.kept} of them in an earlier run)" if self.kept else ""
        absent = f", {self.absent} of the roster handed in nothing" if self.absent else ""
        return ", ".join(parts) + kept + absent


def grade_batch(given: list[Path | str], out: Path | str, options: Options) -> Totals:
    """Grade all submissions: each result is written as soon as it is there, the reports at the end.

    `given` are the places of submissions, `out` is the folder of the results; a str is a URL. Raises UserError
    when it can't begin. KeyboardInterrupt passes through: what was judged by then stands, and the same call goes on.
    """
    if isinstance(out, Path):
        return _grade(given, out, options, Nowhere())
    from labs.grading.storage.mirror import Mirror

    mirror = Mirror(out)
    try:
        return _grade(given, mirror.folder, options, mirror)
    finally:
        mirror.close()


def _grade(given: list[Path | str], out: Path, options: Options, copies: Copies) -> Totals:
    refuse_unsafe_libraries()
    _refuse_contradictions(options)
    if options.lab:
        find_pattern(options.lab)
    _keep_apart(given, out)
    roster = read_roster(options.roster) if options.roster else None
    hand = find_submissions(given, out, options.names)
    entries = hand.entries
    absent = _absent(roster, hand)
    executor = _executor(options)
    totals = Totals(absent=absent, layout=hand.layout if hand.guessed else "")
    try:
        copies.begin()
        folder = open_folder(out)
        with locked(out), _progress(len(entries)) as bar:
            jobs = _jobs(entries, folder, executor.tier, options, functools.partial(_count, totals, bar), copies)
            for graded in executor.grade(jobs):
                store(graded, folder)
                copies.stored(graded.result.submission)
                totals.add(graded.result)
                bar.update()
    finally:
        executor.close()
    copies.settle()
    _mark_repeated(entries, folder, copies)
    _forget_others({entry.submission for entry in entries}, folder, copies)
    write_batch(stored_results(out), out, roster)
    copies.finish()
    return totals


def _refuse_contradictions(options: Options) -> None:
    if options.isolation == "require" and not options.fork:
        raise UserError("--engine stock starts kernels without isolation, so that --isolation require can't be kept.")


def _absent(roster: Roster | None, hand: Hand) -> int:
    """How many people of the roster handed in nothing. Raises UserError when a learner may be two of them."""
    return len(roster.absent({entry.learner for entry in hand.entries})) if roster is not None else 0


def _keep_apart(given: list[Path | str], out: Path) -> None:
    """Refuse a folder for results that would hold submissions, too. It may lie below the submissions' folder."""
    results = out.resolve() / "submissions"
    for path in given:
        if isinstance(path, Path) and (path.resolve() == out.resolve() or path.resolve().is_relative_to(results)):
            raise UserError(f"The results would be written among the submissions in {path}: choose another --out.")


def _executor(options: Options) -> Executor:
    if options.executor == "dask":
        return dask_executor(options.scheduler, options.isolation)
    return Local(options.jobs, options.isolation, fork=options.fork)


def _count(totals: Totals, bar: tqdm, result: Result, *, earlier: bool) -> None:
    totals.add(result)
    totals.kept += earlier
    if earlier:
        _leave_out_of_the_rate(bar)
    else:
        bar.update()
    bar.total = max(bar.total, bar.n)


def _leave_out_of_the_rate(bar: tqdm) -> None:
    """Count a submission that was not judged now: hundreds of them a second say nothing about the time that is left."""
    bar.n += 1
    bar.initial += 1
    bar.last_print_n += 1
    if not bar.n % 100:
        bar.refresh()


def _progress(total: int) -> tqdm:
    tqdm.monitor_interval = 0  # its thread is not needed as long as every update may show
    return tqdm(
        total=total, unit="submission", desc="Grading", file=sys.stderr, mininterval=0.5, miniters=1, smoothing=0.1
    )


def _jobs(
    entries: list[Entry],
    folder: Path,
    tier: Tier | None,
    options: Options,
    done: Callable[..., None],
    copies: Copies,
) -> Iterator[Job]:
    """The submissions that have to be judged, each read when it is asked for.

    Left out, and told to `done`, are those whose earlier result stands and those that can't be read.
    """
    for entry, read in _ahead(entries):
        try:
            content = read()
        except UserError as error:
            result = Result(
                entry.submission,
                entry.learner,
                entry.source,
                Outcome.REJECTED,
                str(error),
                modified=entry.modified,
                attempt=entry.attempt,
                late=entry.late,
                isolation=tier,
            )
            store(Graded(result), folder)
            copies.stored(entry.submission)
            done(result, earlier=False)
            continue
        digest = hashlib.sha256(content).hexdigest()
        earlier = None if options.again else read_result(folder / entry.submission / RESULT)
        if earlier is not None and _stands(earlier, digest, options, _least(options, tier)):
            done(earlier, earlier=True)
            continue
        yield Job(
            entry.submission,
            entry.learner,
            entry.source,
            content,
            digest,
            modified=entry.modified,
            attempt=entry.attempt,
            late=entry.late,
            tier=tier or Tier.LIMITS,  # a worker puts its own there
            fork=options.fork,
            cell_timeout=options.cell_timeout,
            time_limit=options.time_limit,
            lab=options.lab,
            patterns=str(catalog.PATTERNS),
            notebooks=str(catalog.NOTEBOOKS),
        )


def _ahead(entries: list[Entry]) -> Iterator[tuple[Entry, Callable[[], bytes]]]:
    """The entries, each with the function that reads it. Reading a remote one begins some entries before its turn."""
    if not any(entry.remote for entry in entries):
        yield from ((entry, entry.read) for entry in entries)
        return
    from labs.grading.storage.remote import Threads

    threads = Threads(AHEAD)
    waiting: deque[tuple[Entry, Callable[[], bytes]]] = deque()
    try:
        for entry in entries:
            waiting.append((entry, threads.submit(entry.read).result))
            if len(waiting) > AHEAD:
                yield waiting.popleft()
        yield from waiting
    finally:
        threads.close()


def _least(options: Options, tier: Tier | None) -> Tier:
    """The weakest isolation under which an earlier result may have been made."""
    if options.isolation == "none" or not options.fork:
        return Tier.LIMITS
    return tier or (Tier.NAMESPACES if options.isolation == "require" else Tier.LIMITS)


def _stands(result: Result, digest: str, options: Options, least: Tier) -> bool:
    if result.isolation is None or TIERS.index(result.isolation) > TIERS.index(least):
        return False
    if result.content != digest or result.outcome is Outcome.FAILED:
        return False
    if result.outcome is Outcome.REJECTED:
        return False  # it costs nothing to look again, and what was wrong may be the lab that was asked for
    try:
        pattern = find_pattern(result.lab)
    except UserError:
        return False
    return result.release == release_of(pattern) and options.lab in ("", result.lab)


def _mark_repeated(entries: list[Entry], folder: Path, copies: Copies) -> None:
    """Let the notebook count that a learner handed in last for a lab, and say so in the learner's other results."""
    times = {entry.submission: (entry.order, entry.submission) for entry in entries}
    same: dict[tuple[str, str], dict[str, str]] = {}  # by learner and lab: what each was superseded by until now
    for name in times:
        if (folder / name).is_symlink():
            continue
        result = read_result(folder / name / RESULT)
        if result is not None and result.report is not None:
            same.setdefault((result.learner, result.lab), {})[name] = result.superseded
    for names in same.values():
        last = max(names, key=times.__getitem__)
        for name, before in names.items():
            by = "" if name == last else last
            if by != before:
                _supersede(folder / name, by)
                copies.stored(name, whole=False)


def _supersede(folder: Path, by: str) -> None:
    result = read_result(folder / RESULT)
    assert result is not None  # it was read a moment ago
    result.superseded = by
    write_submission(result, folder)
    write_result(result, folder / RESULT)


def _forget_others(names: set[str], folder: Path, copies: Copies) -> None:
    """Remove the results of submissions that are not there any more."""
    for path in folder.iterdir():
        if path.name not in names and not path.is_symlink() and (path / RESULT).exists():
            shutil.rmtree(path, ignore_errors=True)
            copies.removed(path.name)
