"""What `open_lab` gives a notebook that is being graded: every call is accepted, none does anything.

The judge judges; what a notebook's own cells would check, serve or show has no bearing on it and would cost time. And
a graded notebook must not be able to read hints, checks or solutions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

__all__ = ["Quiet"]


class Quiet:
    """Stands for a lab and whatever its calls would return."""

    def __init__(self, name: str = "lab") -> None:
        self._name = name

    def __getattr__(self, name: str) -> Quiet:
        if name.startswith("_"):  # what Python and IPython ask every object for
            raise AttributeError(name)
        return Quiet(f"{self._name}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> Quiet:
        return Quiet(f"{self._name}(…)")

    def __getitem__(self, key: Any) -> Quiet:
        return Quiet(f"{self._name}[…]")

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        return False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def __repr__(self) -> str:
        return f"{self._name}: not done while grading"
