"""Facts drawn anew for each run, so that the checks can be read by everyone and gamed by no one."""

from __future__ import annotations

import random
import secrets

__all__ = ["Fresh"]

_FIRST = "ada alan barbara dennis edsger frances grace hedy katherine ken linus margaret radia tim vint".split()
_LAST = "allen berners dijkstra hamilton hopper johnson lamarr liskov lovelace perlman ritchie turing".split()
_THINGS = "anchor basket candle drum easel fiddle globe hammer kettle lantern mirror needle quilt".split()


class Fresh:
    """Draws names, numbers and secrets. The same seed draws the same facts in the same order."""

    def __init__(self, seed: str = "") -> None:
        self.seed = seed or secrets.token_hex(4)
        self._random = random.Random(self.seed)

    def fork(self, name: str) -> Fresh:
        """A source of its own for one check: its facts don't depend on which checks ran before it."""
        return Fresh(f"{self.seed}/{name}")

    def token(self, length: int = 10) -> str:
        """Letters and digits that occur nowhere else."""
        return "".join(self._random.choices("abcdefghjkmnpqrstuvwxyz23456789", k=length))

    def number(self, low: int, high: int) -> int:
        """A whole number, both bounds included."""
        return self._random.randint(low, high)

    def choice(self, *values: str) -> str:
        """One of these."""
        return self._random.choice(values)

    def name(self) -> str:
        """A person's name that no other draw gives."""
        return f"{self._random.choice(_FIRST).title()} {self._random.choice(_LAST).title()} {self.token(4)}"

    def email(self) -> str:
        """An address that no other draw gives (RFC 2606 keeps example.com for this)."""
        return f"{self._random.choice(_FIRST)}.{self.token(8)}@example.com"

    def item(self) -> str:
        """Something to order."""
        return f"{self._random.choice(_THINGS)} {self.token(5)}"

    def version(self) -> str:
        """A version number."""
        return ".".join(str(self._random.randint(0, 40)) for _ in range(3))

    def secret(self) -> str:
        """A password or key that is easy to find again wherever it leaks to."""
        return f"S3cr3t-{self.token(16)}"
