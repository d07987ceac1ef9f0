"""Documentation that still works: `/docs` under a policy that allows what it needs, and nothing else."""

from __future__ import annotations

import pytest

from labs.judge import CheckFailed

from .causes import why_blank, why_loose
from .policies import Page, Policy, policies_of, sources, wholesale
from .steps import assert_basics


@pytest.mark.check(level="medium", after="test_crash_has_them")
def test_docs_work(service):
    """`/docs` has the security headers, and its policy allows everything that it needs; or there is no `/docs`."""
    response = service.get("/docs")
    assert_basics(response, "`/docs`")
    if 400 <= response.status < 500:
        return  # no documentation in production is a decision, too
    assert response.status == 200, "`/docs` is answered with 200, or it is not there."
    page = Page(response, service.url)
    for policy in policies_of(response):
        for what, directive, allowed in page.needs(policy):
            if not allowed:
                raise CheckFailed(
                    why_blank(policy, directive, what), expected=f"{directive} that allows {what}", got=shown(policy)
                )


@pytest.mark.check(level="hard", after="test_docs_work")
def test_docs_let_nothing_in(service):
    """No script that somebody injects into `/docs` would run."""
    response = service.get("/docs")
    loose = [
        wholesale(sources(policy, "script-src-elem", "script-src", "default-src")) for policy in policies_of(response)
    ]
    assert [] in loose, why_loose([source for found in loose for source in found])


def shown(policy: Policy) -> str:
    """The policy, one directive on a line."""
    return ";\n".join(" ".join([name, *values]) for name, values in policy.items())
