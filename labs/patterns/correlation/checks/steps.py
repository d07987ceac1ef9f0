"""What the checks of several exercises do, and how they look at what came of it."""

from __future__ import annotations

import re

from labs.judge import CheckFailed, Response

from .causes import why_no_ident
from .reading import HEADER

VALID = re.compile(r"[A-Za-z0-9._-]{8,64}")

CROWD = 16  # requests at once, of each kind

PATIENCE = 10.0  # seconds for one of a crowd, where its lateness is not the subject


def ident_of(response: Response, where: str = "") -> str:
    """The one valid id on an answer."""
    values = response.header_values(HEADER)
    if len(values) == 1 and VALID.fullmatch(values[0]):
        return values[0]
    raise CheckFailed(
        why_no_ident(response, values, where),
        expected=f"{HEADER}, once, 8 to 64 of A-Z a-z 0-9 . _ -",
        got=response_head(response),
    )


def response_head(response: Response) -> str:
    return "\n".join(
        [f"{response.status} {response.reason}", *(f"{name}: {value}" for name, value in response.headers)]
    )
