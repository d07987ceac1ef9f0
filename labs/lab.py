"""What a notebook talks to: open a lab, serve the app, run the checks, ask for help."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from IPython import get_ipython
from IPython.display import display

from labs import backing
from labs.course.catalog import ROOT, Pattern, find_pattern, find_patterns
from labs.course.lesson import Exercise
from labs.course.progress import Progress, default_path
from labs.judge.run import list_checks, run_checks
from labs.judge.verdict import Report, Status, Verdict
from labs.notebook.live import LivePanel, somebody_watches
from labs.notebook.served import Served
from labs.notebook.syntax_errors import syntax_error
from labs.service.factory import Factory
from labs.service.process_state import mark_pristine
from labs.service.runner import Runner
from labs.service.stream import capture_output
from labs.views.panel import ExerciseView, Panel
from labs.views.summary import shortcomings, standing

__all__ = ["Lab", "open_lab"]

# The people whom a served service finds in its database.
_PEOPLE = (
    ("Ada Lovelace", "ada@example.com"),
    ("Grace Hopper", "grace@example.com"),
    ("Alan Turing", "alan@example.com"),
)


def open_lab(name: str) -> Lab:
    """Open a lab by name and show its exercises and checks. Raises UserError, with the known names, for another."""
    mark_pristine()
    capture_output()  # now: a cell may make a handler for sys.stdout before anything is served
    lab = Lab(find_pattern(name))
    lab.show()
    return lab


class Lab:
    """One lab in one notebook."""

    def __init__(self, pattern: Pattern) -> None:
        self.pattern = pattern
        self._listed = list_checks(pattern)
        self._report = self._nothing_run("")
        # Solutions that somebody runs are not that person's progress.
        kept = None if Path.cwd().resolve().is_relative_to(ROOT / "solutions") else default_path(ROOT)
        self._progress = Progress(kept)
        self._served: Served | None = None
        self._judged: Runner | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="labs-")

    # The backing services of the served app, with their faults: `lab.cache.down()`, `lab.cache.up()`.

    @cached_property
    def database(self) -> backing.Database:
        """The database behind the served service, with three users."""
        database = backing.Database(Path(self._folder.name) / "service.sqlite")
        for name, email in _PEOPLE:
            database.add_user(name=name, email=email)
        return database

    @cached_property
    def cache(self) -> backing.CacheServer:
        """The Redis behind the served service."""
        return backing.CacheServer()

    @cached_property
    def downstream(self) -> backing.Downstream:
        """The other team's service that the served service calls."""
        return backing.Downstream()

    # Serving

    def serve(self, factory: Factory, *, port: int = 0, env: Mapping[str, str] | None = None) -> Served:
        """Run the factory's app in this kernel. Called again, it swaps the app and keeps the address.

        Nothing is raised for an app that does not start: a sentence says why, and the checks say it, too.
        """
        if self._served is None or (port and self._served.runner.port != port):
            if self._served is not None:
                self._served.stop()
            self._served = Served(Runner(factory, port=port, keep_globals=True))
        self._served.start(factory, {**self._environment(), **(env or {})})
        return self._served

    def _environment(self) -> dict[str, str]:
        environment = {"SERVICE_NAME": "orders", "APP_VERSION": "1.0.0", "ENVIRONMENT": "dev", "LOG_LEVEL": "INFO"}
        environment |= {"API_KEY": "only-for-this-notebook", "DOWNSTREAM_TOKEN": "also-only-for-this-notebook"}
        for kind, variable in backing.VARIABLES.items():
            if kind in self.pattern.backings:
                environment[variable] = getattr(self, kind).url
        return environment

    def logs(self, count: int = 10) -> None:
        """Print the last lines of the served service's log."""
        lines = self._served.log if self._served else []
        print("\n".join(lines[-count:]) or "Nothing has been logged yet: serve the app and send a request first.")

    # Checking

    def check(self, only: str = "") -> None:
        """Run every check, or those of one exercise, against `create_app`; the panel shows each as it ends."""
        self._report = self._nothing_run(only)
        live = LivePanel(self._panel())
        try:
            report = self._run(only, live)
        finally:
            if self._judged is not None:
                self._judged.stop()
        self._report.problem, self._report.seconds, self._report.seed = report.problem, report.seconds, report.seed
        self._keep(report)
        live.finish()

    def check_all(self) -> None:
        """Run every lab's checks against `create_app`: one line for each lab, and below it what does not pass.

        The service gets every backing service, whatever a lab needs. Nothing is kept as progress: that is for the
        services of the labs' own notebooks. When nobody watches, because the notebook is executed by a program, this
        is left out: it takes a minute, and there is `labs check all`.
        """
        if get_ipython() is not None and not somebody_watches():
            print("Left out, because nobody watches this notebook: run the cell in JupyterLab. It takes a minute.")
            return
        runner = self._runner()
        if isinstance(runner, str):
            print(runner)
            return
        patterns = find_patterns()
        width = max(len(pattern.title) for pattern in patterns)
        try:
            for pattern in patterns:
                report = run_checks(pattern, runner, backings=backing.KINDS)
                print(f"{pattern.title:{width}}  {standing(report)}", flush=True)
                for line in shortcomings(report):
                    print(f"    {line}")
        finally:
            runner.stop()

    def _runner(self) -> Runner | str:
        """What runs the service for the checks, or a sentence that says why nothing can."""
        served = self._served.runner.factory if self._served is not None else None
        factory = _user_namespace().get("create_app") or served
        if factory is None:
            return "There is no `create_app` yet: run the cells above first (Run, then Run All Above Selected Cell)."
        if problem := syntax_error(self.pattern.exercises):
            return problem
        if self._judged is None:
            self._judged = Runner(factory)
        self._judged.factory = factory
        return self._judged

    def _run(self, only: str, live: LivePanel) -> Report:
        runner = self._runner()
        if isinstance(runner, str):
            return Report(self.pattern.name, self.pattern.title, problem=runner)

        def update(verdict: Verdict) -> None:
            for index, known in enumerate(self._report.verdicts):
                if known.check == verdict.check:
                    self._report.verdicts[index] = verdict
            live.update()

        return run_checks(self.pattern, runner, only=only, listener=update)

    def _nothing_run(self, only: str) -> Report:
        chosen = [replace(v) for v in self._listed.verdicts if only in ("", v.exercise, v.check)]
        return Report(self.pattern.name, self.pattern.title, chosen, problem=self._listed.problem)

    def _keep(self, report: Report) -> None:
        judged = {verdict.check for verdict in report.verdicts if verdict.status.done}
        passed = {verdict.check for verdict in report.verdicts if verdict.status is Status.PASSED}
        self._progress.note_checks(self.pattern.name, judged, passed, len(self._listed.verdicts))
        if self._progress.problem:
            print(self._progress.problem)

    # Showing

    def show(self) -> None:
        """Show the exercises and checks as they stand, and what the notebook should know about itself."""
        passed = set(self._progress.lab(self.pattern.name).passed)
        for verdict in self._report.verdicts:
            if verdict.check in passed:
                verdict.status = Status.PASSED
        if (note := _older_notebook(self.pattern)) is not None:
            print(note)
        if self._progress.problem:
            print(self._progress.problem)
        display(self._panel())

    def _panel(self) -> Panel:
        taken = self._progress.lab(self.pattern.name).hints
        views = [
            ExerciseView(
                exercise.name,
                exercise.title,
                exercise.level,
                tuple(exercise.hints[: taken.get(exercise.name, 0)]),
                len(exercise.hints),
                exercise.heading,
            )
            for exercise in self.pattern.exercises
        ]
        lesson = self.pattern.lesson
        return Panel(
            self._report,
            views,
            eyebrow=f"Lab {lesson.order:02d} · {lesson.minutes} min",
            # Not in executed notebooks: they would change with every lab that is added.
            footer=self._what_next() if somebody_watches() else "",
        )

    def _what_next(self) -> str:
        later = [p for p in find_patterns() if p.lesson.order > self.pattern.lesson.order]
        if len(self._report.verdicts) < len(self._listed.verdicts):
            return "On to the next exercise."
        return f"Next: [{later[0].title}]({later[0].notebook_name})." if later else "That was the last lab."

    # Help

    def hint(self, exercise: str = "") -> None:
        """Show one more hint for an exercise; without a name, for the first one that does not pass yet."""
        chosen = self._exercise(exercise)
        taken = self._progress.count_hint(self.pattern.name, chosen.name, len(chosen.hints))
        number = f"**Hint {taken} of {len(chosen.hints)}** · {chosen.title}"
        left = (
            ""
            if taken < len(chosen.hints)
            else f'\n\nThat was the last one. `lab.solution("{chosen.name}")` shows ours.'
        )
        # The grader reads there, in the notebook that is handed in, how many hints were taken.
        _show(f"{number}\n\n{chosen.hints[taken - 1]}{left}", {"exercise": chosen.name, "hints": taken})

    def solution(self, exercise: str = "") -> None:
        """Show the reference solution of an exercise: one right answer of several."""
        chosen = self._exercise(exercise)
        self._progress.note_solution(self.pattern.name, chosen.name)
        _show(f"**One solution** · {chosen.title}\n\n```python\n{chosen.solution}\n```")

    def starter(self, exercise: str = "") -> None:
        """Show an exercise's cell as it was in the beginning, to paste it back."""
        chosen = self._exercise(exercise)
        _show(f"**The cell as it was** · {chosen.title}\n\n```python\n{chosen.starter}\n```")

    def _exercise(self, name: str) -> Exercise:
        if name:
            return self.pattern.exercise(name)
        passed = set(self._progress.lab(self.pattern.name).passed)
        for verdict in self._report.verdicts:
            if verdict.check not in passed and verdict.status is not Status.PASSED:
                return self.pattern.exercise(verdict.exercise)
        return self.pattern.exercises[-1]

    def __repr__(self) -> str:
        return f"Lab {self.pattern.lesson.order:02d}: {self.pattern.title}"


def _user_namespace() -> dict[str, Any]:
    shell = get_ipython()
    if shell is not None:
        return dict(shell.user_ns)
    import __main__

    return vars(__main__)


class _Text:
    """Markdown where it is rendered, the same text where it is not."""

    def __init__(self, text: str) -> None:
        self._text = text

    def _repr_markdown_(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return self._text


def _show(text: str, about: dict[str, object] | None = None) -> None:
    display(_Text(text), metadata={"labs": about} if about else None)


def _older_notebook(pattern: Pattern) -> str | None:
    """One sentence when the open notebook was built from another version of the lesson."""
    file = os.environ.get("JPY_SESSION_NAME") or _user_namespace().get("__vsc_ipynb_file__")
    if not file:
        return None
    try:
        metadata = json.loads(Path(file).read_text("utf-8"))["metadata"]["labs"]
        made_for, digest = metadata["release"], metadata["lesson"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if digest == pattern.lesson.digest:
        return None
    return (
        f"This notebook was made from another version of the lab (release {made_for}). Your answers still run; "
        f"for the current text copy them into a fresh one: git checkout -- notebooks/{pattern.notebook_name}"
    )
