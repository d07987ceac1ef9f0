"""The upper part of the summary: counts, the spread of the scores, the checks that fail most, the slowest."""

from __future__ import annotations

from collections.abc import Callable

from labs.grading.isolation.sandbox import Tier
from labs.grading.reports.standing import duration, isolation
from labs.grading.reports.symbols import NOTHING, bar, named
from labs.grading.reports.tally import BINS, CheckTally, LabTally, Tally
from labs.grading.result import Outcome
from labs.views.markup import count, inline

__all__ = ["checks", "head", "scores", "slowest"]

CHECKS = 12
CAUSES = 2
WEAKER = (
    "Under a weaker tier than namespaces, a notebook can do more to the machine and to the run than it should."
    " `labs doctor` says how to get a better one."
)


def head(tally: Tally) -> str:
    """Title and counts."""
    outcomes = tally.outcomes
    perfect = tally.everything.perfect
    figures = [
        (f"{tally.total:,}", "submission" if tally.total == 1 else "submissions", ""),
        (f"{outcomes[Outcome.JUDGED]:,}", "judged", ""),
        (f"{tally.everything.median:.0f} %" if tally.everything.judged else NOTHING, "median score", ""),
        (f"{perfect:,}", "full marks", ""),
        (f"{outcomes[Outcome.REJECTED]:,}", "rejected", "broken" if outcomes[Outcome.REJECTED] else ""),
    ]
    if tally.replaced:
        figures.append((f"{tally.replaced:,}", "replaced by a later one", ""))
    if outcomes[Outcome.FAILED]:
        figures.append((f"{outcomes[Outcome.FAILED]:,}", "the grader failed", "failed"))
    items = "".join(
        f'<div class="lp-{tone or "plain"}"><dt>{word}</dt><dd>{number}</dd></div>' for number, word, tone in figures
    )
    tiers = [
        f"{inline(isolation(tier))}" + (f" ({number:,})" if len(tally.tiers) > 1 else "")
        for tier, number in tally.tiers.most_common(6)
    ]
    facts = f"Isolation: {', '.join(tiers)}." if tiers else ""
    if tally.total and tally.seconds:
        facts += f" {duration(tally.seconds / tally.total)} for a submission on average."
    weak = f'<p class="gs-weak">{inline(WEAKER)}</p>' if set(tally.tiers) - {Tier.NAMESPACES, ""} else ""
    return (
        f'<div class="lab-panel lp-summary"><div class="lp-head"><h1 class="lp-title">Grading summary</h1></div>'
        f'<dl class="gs-figures">{items}</dl><p class="gs-facts">{facts.strip()}</p>{weak}</div>'
    )


def scores(tally: Tally) -> str:
    """How the scores are spread, over all and by lab."""
    if not tally.everything.judged:
        return ""
    columns = "".join(_column(index, tally.everything) for index in range(BINS))
    labs = ""
    if len(tally.labs) > 1:
        rows = "".join(_lab(lab) for lab in tally.labs.values() if lab.judged)
        labs = (
            '<div class="gs-scroll"><table class="gs-table gs-labs"><caption class="lp-vh">Scores by lab</caption>'
            '<thead><tr><th scope="col">Lab</th><th scope="col" class="gs-number">Judged</th>'
            '<th scope="col" class="gs-number">Full marks</th><th scope="col" class="gs-number">Median</th>'
            f'<th scope="col" class="gs-wide">Spread</th></tr></thead><tbody>{rows}</tbody></table></div>'
        )
    return (
        '<h2>Scores</h2><div class="lab-panel gs-scores">'
        f'<ol class="gs-spread" aria-label="Submissions by per cent of the points">{columns}</ol>'
        f'<p class="gs-axis" aria-hidden="true">per cent of the points</p>{labs}</div>'
    )


def _column(index: int, lab: LabTally) -> str:
    number, most = lab.bins[index], max(lab.bins)
    height = 100 * number / most if most else 0
    words = "full marks" if index == BINS - 1 else f"{10 * index} to {10 * index + 9} per cent"
    tone = ' class="lp-passed"' if index == BINS - 1 else ""
    return (
        f'<li{tone}><span class="lp-vh">{count(number, "submission")} with {words}</span>'
        f'<b aria-hidden="true">{f"{number:,}" if number else ""}</b>'
        f'<svg viewBox="0 0 10 100" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        f'<rect class="gs-part" y="{100 - height:.4g}" width="10" height="{height:.4g}"/></svg>'
        f'<small aria-hidden="true">{10 * index}</small></li>'
    )


def _lab(lab: LabTally) -> str:
    most = max(lab.bins)
    bars = "".join(
        f'<rect class="{"gs-full" if index == BINS - 1 else "gs-part"}" x="{index * 10 + 1}" width="8"'
        f' y="{24 - 24 * number / most:.4g}" height="{24 * number / most:.4g}"/>'
        for index, number in enumerate(lab.bins)
        if number
    )
    return (
        f'<tr><th scope="row">{inline(lab.title)}</th><td class="gs-number">{lab.judged:,}</td>'
        f'<td class="gs-number">{lab.perfect:,}</td><td class="gs-number">{lab.median:.0f} %</td>'
        f'<td class="gs-wide"><svg class="gs-spark" viewBox="0 0 110 24" preserveAspectRatio="none"'
        f' aria-hidden="true" focusable="false">{bars}</svg></td></tr>'
    )


def checks(tally: Tally) -> str:
    """The checks that failed most, each with the causes that learners were told."""
    failing = tally.failing()
    if not failing:
        return ""
    rows = "".join(map(_check, failing[:CHECKS]))
    more = len(failing) - CHECKS
    note = f'<p class="gs-facts">… and {count(more, "more check")} that failed less often.</p>' if more > 0 else ""
    return (
        '<h2>Checks that fail most</h2><div class="lab-panel"><div class="gs-scroll">'
        '<table class="gs-table gs-checks"><thead><tr><th scope="col">Check</th>'
        '<th scope="col">Failed</th><th scope="col">What learners were told</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{note}</div>"
    )


def _check(check: CheckTally) -> str:
    top = check.top(CAUSES)
    causes = "".join(
        f'<li><b class="gs-times">{count(number, "time")}</b> {inline(cause, 240)}</li>' for number, cause in top
    )
    rest = check.failed + check.broken - sum(number for number, _ in top)
    more = f'<li class="gs-quiet">{count(rest, "other")}</li>' if rest > 0 else ""
    started = f'<small class="gs-quiet">{check.not_started:,} not started</small>' if check.not_started else ""
    place = " · ".join(part for part in (check.lab, check.exercise) if part)
    return (
        f'<tr><th scope="row">{inline(check.title)}<small class="gs-quiet">{inline(place)}</small></th>'
        f'<td class="gs-share"><span>{check.failed:,} <small>of {check.judged:,}</small></span>'
        f"{bar(check.failed, check.judged, 'failed')}{started}</td>"
        f'<td><ul class="gs-causes">{causes}{more}</ul></td></tr>'
    )


def slowest(tally: Tally, link: Callable[[str], str]) -> str:
    """The submissions that took longest."""
    entries = [row for _, _, row in sorted(tally.slowest, key=lambda entry: entry[:2], reverse=True) if row.seconds]
    if len(entries) < 2:
        return ""
    most = entries[0].seconds
    rows = "".join(
        f'<tr><th scope="row">{named(row.learner, link(row.submission))}</th><td>{inline(tally.title(row.lab))}</td>'
        f'<td class="gs-share"><span>{duration(row.seconds)}</span>{bar(row.seconds, most)}</td></tr>'
        for row in entries
    )
    return (
        '<h2>Slowest</h2><div class="lab-panel"><div class="gs-scroll"><table class="gs-table gs-slow">'
        '<thead><tr><th scope="col">Learner</th><th scope="col">Lab</th><th scope="col">Time</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div></div>"
    )
