"""What a submission and its learner are called, told from where the file was found."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path, PurePosixPath

from labs.course.catalog import find_patterns

__all__ = ["Names", "stem"]

MAX_NAME = 200  # bytes of a submission's name: file systems take 255, and batches write more behind it


class Names:
    """Names the submissions of one batch, each differently.

    A learner is called what remains of a file's path without names of labs: `ada/08_caching.ipynb`,
    `caching/ada.ipynb` and `ada.ipynb` are all ada's. Where nothing remains and several places were given, as by
    `*.zip`, the learner is called as the archive or folder that was given.
    """

    def __init__(self, *, several: bool) -> None:
        self._several = several  # places were given on the command line
        self._taken: dict[str, int] = {}
        patterns = find_patterns(without=())
        self._labs = {_plain(name) for pattern in patterns for name in (pattern.name, pattern.notebook_name)}

    def name(self, parts: tuple[str, ...], given: Path | str) -> tuple[str, str]:
        """The submission's name, unique and safe as a folder's, and the learner's, of a file found below `given`."""
        who = [part for part in map(stem, parts) if _plain(part) not in self._labs]
        if not who and self._several and _plain(_name_of_place(given)) not in self._labs:
            who = [_name_of_place(given)]
        learner = "/".join(who) or stem(parts[-1])
        lab = next((stem(part) for part in reversed(parts) if _plain(stem(part)) in self._labs), "")
        return self._unique(_safe("-".join([*who, lab] if who and lab else who or [lab]))), learner

    def _unique(self, name: str) -> str:
        """The name, or with the first number behind it that makes it another one, whatever the case of its letters."""
        unique = name
        while unique.lower() in self._taken:
            self._taken[name.lower()] += 1
            unique = f"{name}-{self._taken[name.lower()]}"
        self._taken[unique.lower()] = 1
        return unique


def stem(name: str) -> str:
    """A file's name without .ipynb or .zip."""
    return re.sub(r"\.(ipynb|zip)$", "", name, flags=re.IGNORECASE)


def _name_of_place(given: Path | str) -> str:
    """The name of the archive or folder that was given, or of the folder that the given notebook is in."""
    path = PurePosixPath(given if isinstance(given, str) else given.absolute())
    return stem((path.parent if path.suffix.lower() == ".ipynb" else path).name)


def _plain(name: str) -> str:
    return stem(name).lstrip("0123456789_-").replace("-", "_").replace(" ", "_").lower()


def _safe(name: str) -> str:
    """A folder's name on any system."""
    plain = unicodedata.normalize("NFKC", name)
    plain = re.sub(r"[^\w.-]+", "_", plain).strip("._-")[:80]
    return plain.encode()[:MAX_NAME].decode(errors="ignore") or "submission"
