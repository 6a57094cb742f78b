"""Sides of the slits of a face: the two lips and the lids of each eye, which must never be taken for one another.

Both sides of a closed mouth lie in the same position, so nearness cannot tell them apart. The way along the surface
can: from the skin below the mouth one comes to the lower lip, and only around a corner to the upper one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from ...arrays import Integers, Mask
from ...names import (
    LEFT_EYE_LOWER,
    LEFT_EYE_UPPER,
    OUTER_LIPS_LOWER,
    OUTER_LIPS_UPPER,
    RIGHT_EYE_LOWER,
    RIGHT_EYE_UPPER,
)
from .mesh import Mesh

NEITHER, UPPER_LIP, LOWER_LIP, RIGHT_UPPER_LID, RIGHT_LOWER_LID, LEFT_UPPER_LID, LEFT_LOWER_LID = range(7)
OPPOSITE: Final = (-1, LOWER_LIP, UPPER_LIP, RIGHT_LOWER_LID, RIGHT_UPPER_LID, LEFT_LOWER_LID, LEFT_UPPER_LID)
"""The side that each may not touch; -1 if there is none."""

SLITS: Final = (
    (UPPER_LIP, OUTER_LIPS_UPPER[1:-1], LOWER_LIP, OUTER_LIPS_LOWER[1:-1], 0.055),
    (RIGHT_UPPER_LID, RIGHT_EYE_UPPER[1:-1], RIGHT_LOWER_LID, RIGHT_EYE_LOWER[1:-1], 0.022),
    (LEFT_UPPER_LID, LEFT_EYE_UPPER[1:-1], LEFT_LOWER_LID, LEFT_EYE_LOWER[1:-1], 0.022),
)
"""Upper side and the landmarks on it, lower side and its own, and how far from them (metres) a side reaches."""
_CLEARLY: Final = 0.8
"""A vertex is on the side to which its way is shorter by this factor; others, at the corners, on neither."""


def sides_of(mesh: Mesh, landmark_vertices: Mapping[int, int]) -> Integers:
    """Return the side of each vertex (V,).

    Args:
        mesh: In metres, of the size of a head.
        landmark_vertices: Vertex nearest to each landmark that is known. For lips the outer edge counts, as it alone is
            known for certain where the mouth is closed.
    """
    side = np.zeros(len(mesh), np.int64)
    for upper, above, lower, below, reach in SLITS:
        ways = []
        for landmarks in (above, below):
            seeds = [landmark_vertices[each] for each in landmarks if each in landmark_vertices]
            ways.append(mesh.distances_from(np.array(seeds, np.int64), reach))
        with np.errstate(invalid="ignore"):
            side[(ways[0] < _CLEARLY * ways[1]) & np.isfinite(ways[0])] = upper
            side[(ways[1] < _CLEARLY * ways[0]) & np.isfinite(ways[1])] = lower
    return side


def may_touch(side: int, sides: Integers) -> Mask:
    """Return which vertices, of given sides (V,), something on a side may be laid on."""
    return sides != OPPOSITE[side]
