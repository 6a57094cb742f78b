"""Displacements of ARKit's shapes on a track's head: what one unit of each channel moves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from ...arrays import Array
from ...failure import Failure
from ...track import Track
from ..channels import CHANNELS, INDEX
from ..transfer.arkit_head import JAW_OPEN
from ..transfer.head_basis import basis_by_transfer

_FEWEST: Final = 20
"""Expressions by ARKit's names that a head must have to count as one whose expressions are ARKit's."""


@dataclass(frozen=True)
class ArkitBasis:
    """ARKit's shapes on one head.

    Attributes:
        displacement: Of the unposed neutral head at weight 1 (V, 3, 52) float32, metres; zero for channels that the
            head has not, and for those that its joints make (gaze and jawOpen).
        has: Which channels have a displacement (52,) bool.
        source: Where they come from, for people.
        jaw_open: Turn of the jaw's joint at jawOpen 1, radians.
    """

    displacement: Array
    has: Array
    source: str
    jaw_open: float = JAW_OPEN


def are_arkit(expression_names: Iterable[str]) -> bool:
    """Whether the expressions of a head are ARKit's themselves, so that it needs no shapes from the built-in head."""
    return len(INDEX.keys() & set(expression_names)) >= _FEWEST


def basis_of(track: Track) -> ArkitBasis | Failure:
    """Return ARKit's shapes on a track's head: its own expressions where they are ARKit's, else those transferred."""
    names = [str(name) for name in track.header["expression_names"]]
    if are_arkit(names):
        shared = [(column, INDEX[name]) for column, name in enumerate(names) if name in INDEX]
        columns, channels = (list(part) for part in zip(*shared, strict=True))
        displacement = np.zeros((*track.neutral_vertices.shape, len(CHANNELS)), dtype=np.float32)
        displacement[..., channels] = track.expression_basis[..., columns]
        return with_displacement(displacement, "the head's own expressions")
    transferred = track.arkit_basis
    if transferred is None:
        made = basis_by_transfer(track)
        if isinstance(made, Failure):
            return made
        transferred = made.displacement.astype(np.float32)
    return with_displacement(transferred, "the built-in head's shapes, transferred")


def with_displacement(displacement: Array, source: str, jaw_open: float = JAW_OPEN) -> ArkitBasis:
    """Return the basis of a displacement (V, 3, 52); channels that move nothing are those that the head has not."""
    has = np.asarray(np.abs(displacement).max(axis=(0, 1)) > 0)
    return ArkitBasis(displacement, has, source, jaw_open)
