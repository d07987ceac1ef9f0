"""The `labs` command: start the workbook, check a service, write, prove and build labs, grade submissions."""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from labs import __version__
from labs.errors import UserError
from labs.grading.storage import place

if TYPE_CHECKING:  # each command imports what it needs: Ctrl-C and --help are answered at once
    from labs.course.catalog import Pattern
    from labs.judge.verdict import Report

__all__ = ["main"]

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. A UserError becomes one sentence on stderr and the exit code 2."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by who started this: everything below may write to it
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 -- for good
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = _parser()
    options, rest = parser.parse_known_args(given)
    if rest and not options.passes_on:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    options.rest = [argument for argument in rest if argument != "--"]
    if without := getattr(options, "without", None):
        # An environment variable, because the notebooks' kernels have to know it, too.
        os.environ["LABS_WITHOUT"] = ",".join({"orm": "database"}.get(word, word) for word in without)
    try:
        code = int(options.run(options))
        sys.stdout.flush()  # here, where a full disk is a sentence
        return code
    except UserError as error:
        print(f"labs: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("labs: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of a pipe has gone, as with `| head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        about = f"{error.filename}: " if error.filename else ""
        with contextlib.suppress(OSError):
            print(f"labs: {about}{error.strerror or error}", file=sys.stderr)
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left in the buffer can't be said
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="labs", description=__doc__)
    parser.add_argument("--version", action="version", version=f"labs {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for add in (_add_start, _add_check, _add_new, _add_verify, _add_build, _add_grade, _add_doctor):
        add(commands)
    return parser


def _add_start(commands: Commands) -> None:
    start = commands.add_parser("start", help="open the workbook in JupyterLab; other options go to jupyter lab")
    start.add_argument("--port", type=int, default=8888, help="the port on this machine (default: %(default)s)")
    start.add_argument("--no-browser", action="store_true", help="print the link instead of opening it")
    _add_without(start)
    start.set_defaults(run=_start, passes_on=True)


def _add_check(commands: Commands) -> None:
    check = commands.add_parser("check", help="judge a service by labs' checks; other options go to pytest")
    check.add_argument("patterns", metavar="PATTERN", nargs="+", help="labs, such as caching; or all")
    check.add_argument("--app", required=True, metavar="MODULE:FACTORY", help="or path/to/file.py:factory")
    check.add_argument("--only", default="", metavar="NAME", help="an exercise or a check")
    check.add_argument("--seed", default="", help="draw the same fresh facts as an earlier run")
    check.add_argument("--junit-xml", metavar="FILE", help="write the results as JUnit XML, too")
    _add_without(check)
    check.set_defaults(run=_check, passes_on=True)


def _add_new(commands: Commands) -> None:
    new = commands.add_parser("new", help="write the skeleton of a lab")
    new.add_argument("name", metavar="NAME", help="of the lab and its folder, such as rate_limiting")
    new.add_argument("--title", default="", help="of its notebook (default: made of the name)")
    new.add_argument("--order", type=int, metavar="N", help="the notebook's number (default: after all others)")
    new.set_defaults(run=_new, passes_on=False)


def _add_verify(commands: Commands) -> None:
    verify = commands.add_parser("verify", help="prove labs: right answers pass, wrong ones fail as named")
    verify.add_argument("patterns", metavar="PATTERN", nargs="*", help="labs (default: all)")
    verify.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: %(default)s)")
    verify.add_argument("--repeat", type=int, default=1, help="judge everything this many times")
    verify.add_argument(
        "--thorough", action="store_true", help="judge wrong answers by every check, and right ones in both ways"
    )
    verify.add_argument("--only", default="", metavar="ANSWER", help="judge nothing but this file of answers/")
    verify.set_defaults(run=_verify, passes_on=False)


def _add_build(commands: Commands) -> None:
    build = commands.add_parser("build", help="make notebooks/ and solutions/ from the lesson files")
    build.add_argument("patterns", metavar="PATTERN", nargs="*", help="labs (default: all)")
    build.add_argument(
        "--force",
        action="store_true",
        help="build what is up to date, too, and overwrite notebooks in which somebody has worked",
    )
    build.add_argument("--check", action="store_true", help="change nothing; fail when something is stale")
    build.set_defaults(run=_build, passes_on=False)


def _add_grade(commands: Commands) -> None:
    grade = commands.add_parser("grade", help="grade notebooks, folders of them and zip archives")
    grade.add_argument(
        "submissions", metavar="SUBMISSIONS", type=place, nargs="+", help="paths, or URLs (s3://, gs://)"
    )
    grade.add_argument("--out", metavar="DIR", type=place, required=True, help="where the results go: a path or URL")
    grade.add_argument("--jobs", type=_positive, default=0, help="submissions at once (default: one per processor)")
    grade.add_argument("--lab", metavar="PATTERN", default="", help="accept notebooks of this lab only")
    grade.add_argument(
        "--isolation",
        choices=("require", "best", "none"),
        default="best",
        help="how strictly notebooks are kept apart (default: the best this machine gives; see `labs doctor`)",
    )
    grade.add_argument(
        "--engine", choices=("fork", "stock"), default="fork", help="stock: kernels as papermill starts them"
    )
    grade.add_argument("--cell-timeout", type=_positive, default=30, help="seconds for one cell (default: %(default)s)")
    grade.add_argument(
        "--time-limit", type=_positive, default=240, help="seconds for one submission (default: %(default)s)"
    )
    grade.add_argument(
        "--executor", choices=("local", "dask"), default="local", help="dask: the workers of --scheduler judge"
    )
    grade.add_argument("--scheduler", metavar="ADDRESS", default="", help="of dask, such as tcp://10.0.0.1:8786")
    grade.add_argument(
        "--names",
        metavar="LAYOUT",
        default="",
        help="how files are named: moodle, canvas, blackboard, nbgrader, plain, or a regular expression with named "
        "groups such as (?P<learner>…) (default: a guess, which is told)",
    )
    grade.add_argument("--roster", metavar="CSV", type=Path, help="a class list: names, addresses, who is missing")
    grade.add_argument("--again", action="store_true", help="judge anew what an earlier run has judged")
    _add_without(grade)
    grade.set_defaults(run=_grade, passes_on=False)


def _add_doctor(commands: Commands) -> None:
    doctor = commands.add_parser("doctor", help="say how well this machine can keep graded notebooks apart")
    doctor.set_defaults(run=_doctor, passes_on=False)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("it must be at least 1")
    return number


def _add_without(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--without",
        action="append",
        choices=("database", "orm", "cache"),
        default=[],
        help="leave out the labs that need this, for a template that has none; may be repeated",
    )


def _start(options: argparse.Namespace) -> int:
    from labs.notebook.jupyterlab import start

    return start(options.port, not options.no_browser, extra=options.rest)


def _check(options: argparse.Namespace) -> int:
    from labs.judge.run import run_checks_in_terminal
    from labs.service.process_host import ProcessHost

    patterns = _chosen([] if options.patterns == ["all"] else options.patterns)
    arguments = list(options.rest)
    if options.junit_xml:
        arguments.append(f"--junit-xml={Path(options.junit_xml).resolve()}")
    host = ProcessHost(options.app, backings=sorted({kind for pattern in patterns for kind in pattern.backings}))
    try:
        reports, code = run_checks_in_terminal(
            patterns, host, only=options.only, seed=options.seed, arguments=arguments
        )
    finally:
        host.close()
    problems = [report.problem for report in reports if report.problem]
    if len(problems) == len(reports):
        raise UserError(problems[0])
    _summarize([report for report in reports if not report.problem])
    return code


def _summarize(reports: list[Report]) -> None:
    """One line for each lab: what a team reads in its own CI."""
    from labs.judge.verdict import Status

    width = max(len(report.lab) for report in reports)
    for report in reports:
        passed, total = report.count(Status.PASSED), len(report.verdicts)
        print(f"{report.lab:{width}}  {passed:3} of {total:3} checks  {report.score:3} of {report.points:3} points")
    print(f"The same facts again: --seed {reports[0].seed}")


def _new(options: argparse.Namespace) -> int:
    from labs.authoring.scaffold import next_steps, write_skeleton
    from labs.course.catalog import PATTERNS, ROOT

    for file in write_skeleton(PATTERNS, options.name, title=options.title, order=options.order):
        print(f"wrote {file.relative_to(ROOT)}")
    print(next_steps(options.name))
    return 0


def _verify(options: argparse.Namespace) -> int:
    from labs.authoring.verify import verify

    proven = verify(
        _chosen(options.patterns),
        jobs=options.jobs,
        repeat=options.repeat,
        thorough=options.thorough,
        only=options.only,
    )
    return 0 if proven else 1


def _build(options: argparse.Namespace) -> int:
    from labs.authoring.build import build, stale
    from labs.course.catalog import ROOT

    patterns = _chosen(options.patterns)
    if options.check:
        problems = stale(patterns, ROOT)
        print("\n".join(problems) or "Everything is up to date.")
        return 1 if problems else 0
    for file in build(patterns, ROOT, force=options.force):
        print(f"wrote {file}")
    return 0


def _grade(options: argparse.Namespace) -> int:
    from labs.grading.batch import Options, grade_batch

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was begun is put away, as with Ctrl-C
    if (options.executor == "dask") != bool(options.scheduler):
        raise UserError("--executor dask and --scheduler ADDRESS go together.")
    if options.executor == "dask" and options.jobs:
        raise UserError("--jobs is for this machine: with --executor dask, each thread of a worker takes a submission.")
    try:
        totals = grade_batch(
            options.submissions,
            options.out,
            Options(
                jobs=options.jobs,
                isolation=options.isolation,
                fork=options.engine == "fork",
                lab=options.lab,
                cell_timeout=options.cell_timeout,
                time_limit=options.time_limit,
                again=options.again,
                executor=options.executor,
                scheduler=options.scheduler,
                names=options.names,
                roster=options.roster,
            ),
        )
    except KeyboardInterrupt:
        print("\nStopped. What was judged is kept: the same command goes on from there.", file=sys.stderr)
        return 130
    except OSError as error:
        if not error.filename and error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO):
            raise  # not about the results
        where = f" ({error.filename})" if error.filename else ""
        print(
            f"\nlabs: Stopped: {error.strerror}{where}. What was judged is kept: the same command goes on from there.",
            file=sys.stderr,
        )
        return 1
    if totals.layout:
        platform = totals.layout.capitalize()
        told = f"Learners are named as {platform} names its downloads: --names plain takes the paths instead."
        print(told, file=sys.stderr)
    for reason in totals.reasons:
        print(reason, file=sys.stderr)
    if (more := totals.rejected + totals.failed - len(totals.reasons)) > 0:
        print(f"… and {more} more: the summary names them all.", file=sys.stderr)
    print(f"{totals}. Results: {str(options.out).rstrip('/')}/summary.html")
    return 1 if totals.failed else 0


def _doctor(options: argparse.Namespace) -> int:
    from labs.grading.doctor import examine

    text, best = examine()
    print(text)
    return 0 if best else 1


def _chosen(names: list[str]) -> list[Pattern]:
    from labs.course.catalog import find_pattern, find_patterns

    return [find_pattern(name) for name in names] if names else find_patterns()


if __name__ == "__main__":
    sys.exit(main())
