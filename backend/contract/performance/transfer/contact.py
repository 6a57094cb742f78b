"""Contact of the two sides of a slit: measures the gap of lids or lips along it, and closes what is left of it.

A transferred blink brings the lids as far as they go on the built-in head; a target whose eyes are wider stays open by
a little. What is missing is added to both sides, most at their edges, less and less away from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ...arrays import Floats, Integers

COLUMNS: Final = np.linspace(-0.92, 0.92, 25)
"""Positions along a slit, from one corner (-1) to the other (1), at which its gap is measured."""
MIDDLE: Final = 0.8
"""Position up to which a gap is measured; nearer to the corners it is taken to narrow evenly."""
_HALF_COLUMN: Final = 0.06
_ALONG: Final = np.linspace(0.0, 1.0, 9)
"""Points of each edge that are measured beside its ends."""


@dataclass(frozen=True)
class Slit:
    """The two sides of a slit on a mesh.

    Attributes:
        upper, lower: Edges (E, 2) of the mesh with both ends on the upper or the lower side.
    """

    upper: Integers
    lower: Integers

    def edges_of_gap(self, along: Floats, height: Floats) -> tuple[Floats, Floats]:
        """Return the height of the upper and the lower edge of the gap at `COLUMNS`, NaN where there is none.

        Args:
            along: Position along the slit of every vertex (V,).
            height: Height across it (V,).
        """
        upper = _least(along[self.upper], height[self.upper])
        lower = -_least(along[self.lower], -height[self.lower])
        return upper, lower


def _least(along: Floats, height: Floats) -> Floats:
    """Return the least height near each column of edges given by their ends (E, 2)."""
    points = along[:, :1] * (1 - _ALONG) + along[:, 1:] * _ALONG
    heights = height[:, :1] * (1 - _ALONG) + height[:, 1:] * _ALONG
    step = COLUMNS[1] - COLUMNS[0]
    result = np.full(len(COLUMNS), np.inf)
    for offset in (-1, 0, 1):
        column = np.rint((points - COLUMNS[0]) / step).astype(np.int64) + offset
        valid = (column >= 0) & (column < len(COLUMNS))
        near = valid & (np.abs(points - COLUMNS[np.clip(column, 0, len(COLUMNS) - 1)]) < _HALF_COLUMN)
        np.minimum.at(result, column[near], heights[near])
    result[np.isinf(result)] = np.nan
    return result


def profile(along: Floats, height: Floats, edge: Floats, reach: float) -> Floats:
    """Return how far vertices (N,) go along with the edge beside them: 1 on it, 0 from `reach` on and at the corners.

    Args:
        along, height: Of the vertices (N,).
        edge: Height of the edge at `COLUMNS`.
        reach: In the unit of the heights.
    """
    known = np.isfinite(edge)
    if known.sum() < 2:
        return np.zeros(len(along))
    beside = np.interp(along, COLUMNS[known], edge[known])
    near = np.clip(1 - np.abs(height - beside) / reach, 0, 1)
    corner = np.clip((1 - np.abs(along)) / (1 - MIDDLE), 0, 1)
    return near * near * (3 - 2 * near) * corner


def filled(gap: Floats, *, widened: bool) -> Floats:
    """Return a gap at `COLUMNS` without holes, a little smoothed along the slit; zero where nothing is known.

    Args:
        gap: NaN where it is not known.
        widened: Whether each column takes the largest gap around it and overlaps count as closed: two edges
            whose vertices do not face each other meet nowhere exactly, and an overlap is better than a hole.
    """
    known = np.isfinite(gap) & (np.abs(COLUMNS) <= MIDDLE)
    if known.sum() < 2:
        return np.zeros(len(gap))
    whole = np.interp(COLUMNS, COLUMNS[known], gap[known])
    whole *= np.clip((1 - np.abs(COLUMNS)) / (1 - MIDDLE), 0, 1)
    if widened:
        padded = np.pad(np.maximum(whole, 0.0), 2, mode="edge")
        whole = np.max([padded[shift : shift + len(whole)] for shift in range(5)], axis=0)
    padded = np.pad(whole, 1, mode="edge")
    return 0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:]


def largest_gap(gap: Floats) -> float:
    """Return the largest gap up to `MIDDLE`."""
    middle = gap[np.abs(COLUMNS) <= MIDDLE]
    return float(np.nanmax(middle)) if np.isfinite(middle).any() else float("nan")
