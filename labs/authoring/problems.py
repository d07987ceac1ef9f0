"""What is wrong with the labs: one sentence each, however many runs come to it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

__all__ = ["Problems"]


class Problems:
    """Sentences, each said once, with the number of runs that came to it."""

    def __init__(self, root: Path, repeat: int) -> None:
        self._root = root
        self._repeat = repeat
        self._sentences: dict[str, str] = {}
        self._times: Counter[str] = Counter()
        self._labs: dict[str, set[str]] = {}
        self._told = 0

    def say(self, sentence: str, *, key: str = "", lab: str = "", run: bool = False) -> None:
        """Keep a sentence. `run`: it is about one of several runs."""
        key = key or sentence
        self._sentences.setdefault(key, sentence)
        self._labs.setdefault(lab, set()).add(key)
        if run:
            self._times[key] += 1

    def at(self, path: Path, sentence: str, *, key: str = "", lab: str = "", run: bool = False) -> None:
        """Keep a sentence about a file."""
        shown = path.relative_to(self._root).as_posix() if path.is_relative_to(self._root) else str(path)
        self.say(f"{shown}: {sentence}", key=key and f"{shown} {key}", lab=lab, run=run)

    def count(self, lab: str | None = None) -> int:
        """How many problems there are, or how many of one lab."""
        return len(self._sentences) if lab is None else len(self._labs.get(lab, ()))

    def news(self) -> list[str]:
        """The sentences that have come up since this was last asked."""
        before, self._told = self._told, len(self._sentences)
        return list(self._sentences.values())[before:]

    def lines(self) -> list[str]:
        """Every problem, one line each."""
        counted = [
            f"{text} [{self._times[key]} of {self._repeat} times]" if self._repeat > 1 and key in self._times else text
            for key, text in self._sentences.items()
        ]
        return ["", f"{len(counted)} problem{'' if len(counted) == 1 else 's'}:", *counted] if counted else []
