"""How responses, records and rows are read, compared and shown."""

from __future__ import annotations

HEADER = "X-Correlation-ID"

MIXED = (
    "Requests that run at the same time get each other's id: it is kept where they all reach it (a global, `self`, a "
    "`threading.local`; all requests on an event loop share one thread). A `ContextVar` has a value per request."
)
