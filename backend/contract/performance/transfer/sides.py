"""Sides of the slits of a face: the two lips and the lids of each eye, which must never be taken for one another.

Both sides of a closed mouth lie in the same position, so nearness cannot tell them apart. The way along the surface
can: from the skin below the mouth one comes to the lower lip, and only around a corner to the upper one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from ...arrays import Integers, Mask
from ...names import OUTER_LIPS_LOWER, OUTER_LIPS_UPPER
from .mesh import Mesh

NEITHER, UPPER_LIP, LOWER_LIP, RIGHT_UPPER_LID, RIGHT_LOWER_LID, LEFT_UPPER_LID, LEFT_LOWER_LID = range(7)
RIGHT_LIDS: Final = (RIGHT_UPPER_LID, RIGHT_LOWER_LID)
LEFT_LIDS: Final = (LEFT_UPPER_LID, LEFT_LOWER_LID)
OPPOSITE: Final = (-1, LOWER_LIP, UPPER_LIP, RIGHT_LOWER_LID, RIGHT_UPPER_LID, LEFT_LOWER_LID, LEFT_UPPER_LID)
"""The side that each may not touch; -1 if there is none."""

_RIGHT_ABOVE: Final = (247, 30, 29, 27, 28, 56)
_RIGHT_BELOW: Final = (25, 110, 24, 23, 22, 26)
_LEFT_ABOVE: Final = (467, 260, 259, 257, 258, 286)
_LEFT_BELOW: Final = (255, 339, 254, 253, 252, 256)
"""Landmarks next to the lids' edges, on the side away from the eye."""
SLITS: Final = (
    (UPPER_LIP, OUTER_LIPS_UPPER[1:-1], LOWER_LIP, OUTER_LIPS_LOWER[1:-1], 0.055),
    (RIGHT_UPPER_LID, _RIGHT_ABOVE, RIGHT_LOWER_LID, _RIGHT_BELOW, 0.022),
    (LEFT_UPPER_LID, _LEFT_ABOVE, LEFT_LOWER_LID, _LEFT_BELOW, 0.022),
)
"""Upper side and landmarks on it, lower side and its own, and how far from them (metres) a side reaches.

Landmarks are some millimetres away from the slit, where a vertex that is near is on the right side for certain.
"""
SEEDS: Final = tuple(number for _, above, _, below, _ in SLITS for number in (*above, *below))
_CLEARLY: Final = 0.8
"""A vertex is on the side to which its way is shorter by this factor; others, at the corners, on neither."""


def sides_of(mesh: Mesh, landmark_vertices: Mapping[int, int]) -> Integers:
    """Return the side of each vertex (V,).

    Args:
        mesh: In metres, of the size of a head.
        landmark_vertices: Vertex nearest to each landmark of `SEEDS` that is known.
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
