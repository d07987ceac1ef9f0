"""What an instructor has to look at: not judged, crashed, out of time, identical answers, checks that broke."""

from __future__ import annotations

from collections.abc import Callable

from labs.grading.reports.symbols import named, symbol
from labs.grading.reports.tally import Row, Tally
from labs.grading.result import Outcome
from labs.views.markup import count, escape, inline

__all__ = ["Attention"]

NAMED = 25  # submissions named in one list; the table below has all of them
GROUPS = 25
MEMBERS = 12


class Attention:
    """Collects the names from the rows, as many as fit on a page, and counts the others."""

    def __init__(self, tally: Tally, link: Callable[[str], str]) -> None:
        self._tally, self._link = tally, link
        self._lists: dict[str, tuple[list[Row], int]] = {}
        self._groups: dict[str, tuple[list[Row], int]] = {}

    def add(self, row: Row) -> None:
        """Keep a row that somebody has to look at."""
        kinds = {
            "failed": row.outcome == Outcome.FAILED,
            "rejected": row.outcome == Outcome.REJECTED,
            "crashed": row.died > 0,
            "late": row.timed_out > 0,
        }
        for kind in (kind for kind, holds in kinds.items() if holds):
            _keep(self._lists, kind, row, NAMED)
        if self._tally.identical(row):
            _keep(self._groups, row.answers, row, MEMBERS)

    def html(self) -> str:
        """The section of the summary; one quiet line when there is nothing to look at."""
        parts = [
            self._list("failed", "The grader failed", "These have no score. The same command tries them again."),
            self._list("rejected", "Rejected", "Nothing could be judged; the learner's page says what to do."),
            self._broken(),
            self._list("crashed", "Crashed", "The notebook's process died; what was judged by then stands."),
            self._list("late", "Out of time", "A cell or a check ran into its deadline; the others were judged."),
            self._identical(),
        ]
        found = "".join(parts) or (
            f'<p class="gs-fine lp-passed">{symbol("passed")}Every submission was judged; none crashed, none ran out'
            " of time, and no two learners handed in the same answers.</p>"
        )
        return f'<h2>Worth a look</h2><div class="lab-panel">{found}</div>' if self._tally.total else ""

    def _list(self, kind: str, title: str, sentence: str) -> str:
        rows, more = self._lists.get(kind, ([], 0))
        if not rows:
            return ""
        said = kind in ("failed", "rejected")
        items = "".join(f"<li>{self._entry(row, said=said)}</li>" for row in rows)
        last = f'<li class="gs-quiet">… and {more:,} more in the table below</li>' if more else ""
        body = f'<ul class="{"gs-told" if said else "gs-names"}">{items}{last}</ul>'
        return _folded(kind, title, len(rows) + more, sentence, body, opened=kind == "failed" or len(rows) + more <= 5)

    def _entry(self, row: Row, *, said: bool) -> str:
        lab = f' <small class="gs-quiet">{inline(self._tally.title(row.lab))}</small>' if row.lab else ""
        name = f"<b>{named(row.learner, self._link(row.submission))}</b>{lab}"
        if not said:
            return name
        source = f'<small class="gs-quiet gs-source">{escape(row.source)}</small>' if row.source else ""
        return f"{name}<p>{inline(row.sentence, 300)}</p>{source}"

    def _broken(self) -> str:
        checks = self._tally.broken()
        if not checks:
            return ""
        items = []
        for check in checks[:NAMED]:
            where = f"{inline(check.lab)}, {count(check.broken, 'time')}"
            cause = "".join(f"<p>{inline(cause, 240)}</p>" for _, cause in check.top(1))
            items.append(f'<li><b>{inline(check.title)}</b> <small class="gs-quiet">{where}</small>{cause}</li>')
        sentence = "A check itself went wrong: not the learners' fault, and they got no points for it."
        body = f'<ul class="gs-told">{"".join(items)}</ul>'
        return _folded("failed", "Checks that broke", len(checks), sentence, body, opened=True)

    def _identical(self) -> str:
        """The groups, small ones first: two learners with the same long answer say more than fifty with a short one."""
        groups = sorted(self._groups.values(), key=lambda group: len(group[0]) + group[1])
        if not groups:
            return ""
        items = []
        for rows, more in groups[:GROUPS]:
            learners = {row.learner: row for row in rows}.values()
            names = ", ".join(named(row.learner, self._link(row.submission)) for row in learners)
            others = f" and {more:,} more" if more else ""
            about = f"{inline(self._tally.title(rows[0].lab))}, {rows[0].score} of {count(rows[0].points, 'point')}"
            items.append(f'<li>{names}{others} <small class="gs-quiet">{about}</small></li>')
        left = len(groups) - GROUPS
        items += [f'<li class="gs-quiet">… and {count(left, "more group")} in the table below</li>'] if left > 0 else []
        sentence = (
            "The code of all exercises is the same, comments and layout left out. Where there is one obvious answer,"
            " that happens by itself: read the code before you say a word."
        )
        return _folded(
            "identical",
            "Identical answers",
            len(groups),
            sentence,
            f'<ul class="gs-told">{"".join(items)}</ul>',
            opened=len(groups) <= 5,
            noun="group",
        )


def _keep(lists: dict[str, tuple[list[Row], int]], key: str, row: Row, limit: int) -> None:
    rows, more = lists.setdefault(key, ([], 0))
    if len(rows) < limit:
        rows.append(row)
    else:
        lists[key] = (rows, more + 1)


def _folded(kind: str, title: str, number: int, sentence: str, body: str, *, opened: bool, noun: str = "") -> str:
    look = {"failed": "failed", "rejected": "broken", "identical": "not_run"}.get(kind, "broken")
    amount = count(number, noun) if noun else f"{number:,}"
    return (
        f'<details class="gs-fold lp-{look}"{" open" if opened else ""}><summary>{symbol(look)}'
        f'<span class="gs-what">{title}</span> <span class="lp-count">{amount}</span></summary>'
        f'<div class="gs-inside"><p class="gs-quiet">{sentence}</p>{body}</div></details>'
    )
