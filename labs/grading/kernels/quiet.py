"""What `open_lab` gives a notebook that is being graded: every call is accepted, none does anything.

What a notebook's own cells would check, serve or show does not count when it is graded, and would cost time. And a
graded notebook must not be able to read hints, checks or solutions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

__all__ = ["Quiet"]


class Quiet:
    """Stands for a lab and whatever its calls would return."""

    def __init__(self, name: str = "lab") -> None:
        self._name = name

    def __getattr__(self, name: str) -> Quiet:
        if name.startswith("_"):  # what Python and IPython ask every object for
            raise AttributeError(name)
        return Quiet(f"{self._name}.{name}")

    def __call__(self, *args: object, **kwargs: object) -> Quiet:
        return Quiet(f"{self._name}(…)")

    def __getitem__(self, key: object) -> Quiet:
        return Quiet(f"{self._name}[…]")

    def __iter__(self) -> Iterator[object]:
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
