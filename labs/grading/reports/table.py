"""The table of all submissions: searched, filtered and sorted by the page's script, complete without it."""

from __future__ import annotations

from collections.abc import Callable

from labs.grading.reports.standing import duration
from labs.grading.reports.symbols import NOTHING, bar, named, symbol
from labs.grading.reports.tally import Row, Tally
from labs.grading.result import Outcome
from labs.views.markup import count, inline

__all__ = ["Table"]

ORDER = ("broken", "failed", "not_run", "not_started", "passed")  # of the results, when sorted
SEARCH = "Search learner, lab or result"
COLUMNS = (
    ("Learner", "text", ""),
    ("Lab", "text", "gs-wide"),
    ("Score", "number", ""),
    ("Checks", "number", "gs-wide"),
    ("Result", "number", ""),
    ("Time", "number", "gs-wide gs-number"),
)


class Table:
    """Writes the table piece by piece."""

    def __init__(self, tally: Tally, link: Callable[[str], str]) -> None:
        self._tally, self._link = tally, link

    def head(self) -> str:
        """Heading, tools and the columns' titles."""
        tally = self._tally
        kinds = {
            "rejected": ("Rejected", tally.outcomes[Outcome.REJECTED]),
            "grader": ("Grader failed", tally.outcomes[Outcome.FAILED]),
            "crashed": ("Crashed", tally.crashed),
            "late": ("Out of time", tally.late),
            "identical": ("Identical answers", tally.shared),
            "replaced": ("Replaced", tally.replaced),
        }
        chips = "".join(
            f'<button type="button" class="gs-chip" data-kind="{kind}" aria-pressed="false">{word}'
            f" <small>{number:,}</small></button>"
            for kind, (word, number) in kinds.items()
            if number
        )
        columns = "".join(
            f'<th scope="col" class="{css}" data-sort="{sort}"><span>{word}</span></th>' for word, sort, css in COLUMNS
        )
        return (
            '<h2 id="all">All submissions</h2><div class="lab-panel gs-all">'
            f'<div class="gs-tools" hidden><label class="gs-search"><span class="lp-vh">{SEARCH}</span>'
            f'<input type="search" placeholder="{SEARCH}" autocomplete="off" spellcheck="false"></label>'
            f'<div class="gs-chips" role="group" aria-label="Show only">{chips}</div>'
            f'<p class="gs-shown" role="status">{count(tally.total, "submission")}</p></div>'
            '<div class="gs-scroll"><table class="gs-table gs-rows"><caption class="lp-vh">All submissions</caption>'
            f"<thead><tr>{columns}</tr></thead><tbody>\n"
        )

    def row(self, row: Row) -> str:
        """One submission."""
        kinds = {
            "rejected": row.outcome == Outcome.REJECTED,
            "grader": row.outcome == Outcome.FAILED,
            "crashed": row.died > 0,
            "late": row.timed_out > 0,
            "identical": self._tally.identical(row),
            "replaced": row.replaced,
        }
        words = {"crashed": "crashed", "late": "out of time", "identical": "identical answers"}
        words["replaced"] = "replaced by a later one"
        flags = "".join(f'<span class="gs-flag">{word}</span>' for kind, word in words.items() if kinds[kind])
        said = f'<small class="gs-quiet gs-sentence">{inline(row.sentence, 300)}</small>' if row.sentence else ""
        look = row.status if row.status in ORDER else "not_run"
        lab = inline(self._tally.title(row.lab)) or NOTHING
        name = named(row.learner, self._link(row.submission))
        narrow = f'<small class="gs-quiet gs-narrow">{lab}</small>' if row.lab else ""
        points = checks = NOTHING
        if row.points:
            score = f"<span>{row.score:,} <small>of {row.points:,}</small></span>"
            points = score + bar(row.score, row.points, "passed" if row.score >= row.points else "")
        if row.checks:
            checks = f"{row.passed} <small>of {row.checks}</small>"
        cells = (
            f'<th scope="row">{name}{narrow}</th>',
            f'<td class="gs-wide">{lab}</td>',
            f'<td class="gs-share" data-v="{_share(row.score, row.points)}">{points}</td>',
            f'<td class="gs-wide" data-v="{_share(row.passed, row.checks)}">{checks}</td>',
            f'<td class="gs-state lp-{look}" data-v="{ORDER.index(look)}">',
            f"<span>{symbol(look)}{row.label}</span>{flags}{said}</td>",
            f'<td class="gs-wide gs-number" data-v="{row.seconds:.3f}">',
            f"{duration(row.seconds) if row.seconds else NOTHING}</td>",
        )
        held = " ".join(kind for kind, holds in kinds.items() if holds)
        return f'<tr data-kinds="{held}">{"".join(cells)}</tr>\n'

    def tail(self) -> str:
        """The end of the table."""
        return (
            '</tbody></table></div><p class="gs-none" hidden>No submission matches.</p>'
            '<p class="gs-more" hidden><button type="button" class="gs-chip">Show more</button></p></div>'
        )


def _share(part: int, whole: int) -> str:
    """The text by which a column of shares is sorted; negative where the whole is 0."""
    return f"{part / whole:.4f}" if whole else "-1"
