"""Report on a character: what was recognised, what is missing or in the way, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

GREEN: Final = "green"
AMBER: Final = "amber"
"""It works, but not fully or not for sure."""
RED: Final = "red"
"""It would not work, or not as wanted; nothing is written before it is mended."""
LEVELS: Final = (GREEN, AMBER, RED)


@dataclass(frozen=True)
class Row:
    """One finding.

    Attributes:
        level: One of `LEVELS`.
        label: Subject in one or two words, e.g. ``Jaw``.
        sentence: What was found.
        advice: What to do about it; empty when nothing has to be done.
    """

    level: str
    label: str
    sentence: str
    advice: str = ""


@dataclass(frozen=True)
class CharacterReport:
    """All findings, in the order in which they are shown."""

    rows: tuple[Row, ...]

    @property
    def level(self) -> str:
        """The worst level of its rows."""
        return max((row.level for row in self.rows), key=LEVELS.index, default=GREEN)

    @property
    def blocking(self) -> tuple[Row, ...]:
        """The rows that have to be mended before anything is written."""
        return tuple(row for row in self.rows if row.level == RED)


def named(names: Iterable[str], most: int = 4) -> str:
    """Return names as people list them: the first few, and how many more there are."""
    names = list(names)
    if len(names) > most:
        return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} more"
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
