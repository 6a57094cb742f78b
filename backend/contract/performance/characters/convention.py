"""A convention: names that many characters give their shape keys, and what each follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ..channels import CHANNELS
from .spellings import spellings_of

Parts = Mapping[str, float]
"""Channel -> factor, as in `mapping.ShapeTarget`."""


@dataclass(frozen=True, eq=False)
class Entry:
    """A key of a convention.

    Attributes:
        name: In the convention's spelling.
        parts: What its value follows.
        rank: 0 for a key of its own; a higher one stands in only on meshes whose keys of lower ranks follow none of
            its channels: one key for both eyes beside one for each.
    """

    name: str
    parts: Parts
    rank: int = 0


@dataclass(frozen=True)
class Convention:
    """Names of keys.

    Attributes:
        name: For people, e.g. ``ARKit``.
        table: Plain spelling -> entry.
        least: Entries that a character must have before it is recognised by them.
        is_approximate: Whether its keys are no channels of their own, but are put together of some.
    """

    name: str
    table: Mapping[str, Entry]
    least: int = 3
    is_approximate: bool = False


def table_of(*groups: Mapping[str, Parts], ranks: tuple[int, ...] = ()) -> dict[str, Entry]:
    """Return the table of entries by all their spellings; the first of two with one spelling holds.

    Args:
        groups: Name -> parts.
        ranks: Of the groups; 0, 1, ... if left out.
    """
    table: dict[str, Entry] = {}
    for group, rank in zip(groups, ranks or range(len(groups)), strict=True):
        for name, parts in group.items():
            entry = Entry(name, parts, rank)
            for spelling in spellings_of(name):
                table.setdefault(spelling, entry)
    return table


def both_sides(stem: str, factor: float = 0.5) -> Parts:
    """Return the parts of a key that does on both sides what two channels do on one each."""
    return {f"{stem}Left": factor, f"{stem}Right": factor}


OWN_NAMES: Final[Mapping[str, Parts]] = {channel: {channel: 1.0} for channel in CHANNELS}
"""The 52 by their own names."""
