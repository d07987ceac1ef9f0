"""A kernel can send anything: what is out of bounds is refused where it is decoded."""

from __future__ import annotations

import json

import pytest

from labs.grading.kernels.kernel_messages import (
    FROM_KERNEL,
    MAX_DETAIL,
    MAX_FUNCTION,
    MAX_INCIDENTS,
    MAX_SENTENCE,
    Serving,
    StartFailure,
    Stopped,
    Unwritten,
)
from labs.service.host import Incident, IncidentKind
from labs.service.messages import decode, encode

HUNG = Incident(IncidentKind.HUNG, "x" * MAX_DETAIL)


@pytest.mark.parametrize(
    "message",
    [
        Serving("http://127.0.0.1:65535"),
        Unwritten("x" * MAX_FUNCTION),
        StartFailure("x" * MAX_SENTENCE),
        Stopped((HUNG,) * MAX_INCIDENTS),
    ],
)
def test_what_is_within_bounds_comes_as_it_was_sent(message):
    assert decode(encode(message), *FROM_KERNEL) == message


@pytest.mark.parametrize(
    "data",
    [
        {"message": "Serving", "url": "http://127.0.0.1:65536"},
        {"message": "Serving", "url": "http://127.0.0.1:\u00b2"},
        {"message": "Serving", "url": "http://localhost:80"},
        {"message": "Serving", "url": "http://127.0.0.1:80/"},
        {"message": "Unwritten", "function": "x" * (MAX_FUNCTION + 1)},
        {"message": "Unwritten", "function": ["x"]},
        {"message": "StartFailure", "sentence": "x" * (MAX_SENTENCE + 1)},
        {"message": "Stopped", "incidents": [{"kind": "hung", "detail": "x"}] * (MAX_INCIDENTS + 1)},
        {"message": "Stopped", "incidents": [{"kind": "hung", "detail": "x" * (MAX_DETAIL + 1)}]},
        {"message": "Stopped", "incidents": [{"kind": "other", "detail": "x"}]},
        {"message": "Stopped", "incidents": [["hung", "x"]]},
        {"message": "Start", "env": {}},  # what only the judge says
        {"message": "Hello", "token": "x"},  # what comes first and only once
        {"url": "http://127.0.0.1:80"},
    ],
)
def test_what_is_out_of_bounds_is_refused(data):
    with pytest.raises(ValueError, match=r"[a-z]"):
        decode(json.dumps(data), *FROM_KERNEL)
