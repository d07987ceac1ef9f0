"""The id on a response, and how many requests make a crowd."""

from __future__ import annotations

from labs.judge import VALID_IDENT, CheckFailed, Response, head

from .causes import HEADER, why_no_ident

CROWD = 16  # requests at once, of each kind
PATIENCE = 10.0  # seconds for a response where its lateness is not the subject


def ident_of(response: Response, where: str = "") -> str:
    """The one valid id on a response; fails when there is none, or more. `where` says which kind of response it is."""
    values = response.header_values(HEADER)
    if len(values) == 1 and VALID_IDENT.fullmatch(values[0]):
        return values[0]
    raise CheckFailed(
        why_no_ident(response, values, where),
        expected=f"{HEADER}, once, 8 to 64 of A-Z a-z 0-9 . _ -",
        got=head(response),
    )
