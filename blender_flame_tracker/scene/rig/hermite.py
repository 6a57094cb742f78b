"""Cubic curves through keys with slopes, as Blender draws Bezier curves whose handles reach a third of the way."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .bones import Array


def hermite_basis(time: NDArray[np.floating], knots: NDArray[np.floating]) -> tuple[NDArray[np.int64], Array]:
    """Return where times (T,) lie between knots (N, at least 2), and what the four numbers there count (T, 4).

    The numbers are value and slope at the knot before, then at the knot after; outside the knots the ends are held.
    """
    before = np.clip(np.searchsorted(knots, time, side="right") - 1, 0, len(knots) - 2)
    length = knots[before + 1] - knots[before]
    s = np.clip((time - knots[before]) / length, 0.0, 1.0)
    basis = np.stack(
        [
            (1 + 2 * s) * (1 - s) ** 2,
            s * (1 - s) ** 2 * length,
            s * s * (3 - 2 * s),
            s * s * (s - 1) * length,
        ],
        axis=1,
    )
    return before, basis


def hermite(time: NDArray[np.floating], knots: NDArray[np.floating], values: Array, slopes: Array) -> Array:
    """Return a curve at times (T,): values and slopes at its knots (N,) or (N, C)."""
    if len(knots) == 1:
        return np.repeat(values, len(time), axis=0)
    before, basis = hermite_basis(time, knots)
    basis = basis.reshape(len(time), 4, *(1,) * (values.ndim - 1))
    around = np.stack([values[before], slopes[before], values[before + 1], slopes[before + 1]], axis=1)
    return (basis * around).sum(axis=1)
