"""Robust statistics of skin: the usual colour of a place, how much it varies, and what is no skin.

Colours are brightness and two tints, see `skin_views.logarithms`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Array, Singles
from ..contract.shading import light_terms

USUAL: Final = (0.10, 0.035)
"""By how much brightness and tint of a place vary, from frame to frame, where nobody measured it."""
_CALMEST: Final = 0.5
"""The least that is expected of a clip, in shares of that."""
FEWEST: Final = 4
"""Pictures of a place from which it is known how its colour varies."""
_SKIN: Final = (0.35, 0.085)
"""By how much bare skin differs from the face's mean, over one face."""
NO_SKIN: Final = (4.0, 9.0)
"""Sum of squared deviations from the colour of skin from which on a place counts less as bare, and not at all."""
_TIES: Final = (1e-4, *(0.05,) * 3, *(0.3,) * 5)
"""How strongly each term of a frame's shading is held at zero: fine shades may be an occluder."""
_DARKER: Final = 1.2
"""How many times as far from the mean as brighter skin may darker skin be, by shadows ..."""
_REDDER: Final = 2.5
"""... and redder skin, by blood and where light has passed through it; what is less red is hair, cloth or metal."""


def middles(value: Singles, visible: NDArray[np.bool_], trusted: NDArray[np.bool_]) -> Singles:
    """Median colour of each picture over trusted texels, or over all where it shows none of them (K, 3)."""
    result = np.zeros((len(value), 3), dtype=np.float32)
    for row, (one, there) in enumerate(zip(value, visible, strict=True)):
        chosen = there & trusted if (there & trusted).sum() > 20 else there
        if chosen.any():
            result[row] = np.median(one[chosen], axis=0)
    return result


def medians(value: Singles, visible: NDArray[np.bool_]) -> Singles:
    """Median over pictures (N, C) of values (K, N, C); NaN where none shows the place."""
    order = np.sort(np.where(visible[..., None], value, np.float32(np.inf)), axis=0)
    count = visible.sum(axis=0)
    lower, upper = np.maximum((count - 1) // 2, 0), np.minimum(count // 2, len(value) - 1)
    place = np.arange(value.shape[1])
    middle = (order[lower, place] + order[upper, place]) / 2
    return np.where(count[:, None] > 0, middle, np.float32(np.nan)).astype(np.float32)


def shading(away: Singles, normals: Singles, spread: Singles, weight: Singles) -> Singles:
    """Smooth light (9, 3) that explains deviations (N, 3), by iterated weights: most of what is seen is the face."""
    basis = light_terms(normals).astype(np.float32)
    tie = np.diag(_TIES).astype(np.float32) * np.float32(len(away) / 100)
    result = np.zeros((basis.shape[1], 3), dtype=np.float32)
    if len(away) == 0:
        return result
    result[0] = np.median(away, axis=0)
    for _ in range(4):
        strange = strangeness(away - basis @ result, spread)
        share = (weight / (1 + (strange / 6) ** 2))[:, None]
        scaled = basis * share
        result = np.linalg.solve(basis.T @ scaled + tie, scaled.T @ away)
    return result


def strangeness(away: Singles, spread: Singles) -> Singles:
    """Squared deviation (...) of brightness and tints (..., 3), in units of their usual one: 1 is usual."""
    bright = (away[..., 0] / spread[..., 0]) ** 2
    return (bright + (away[..., 1] ** 2 + away[..., 2] ** 2) / spread[..., 1] ** 2) / 3


def spreads(away: Singles, visible: NDArray[np.bool_], before: Singles) -> Singles:
    """How much brightness and tint of each place vary (N, 2), robustly; as before where too few pictures show it."""
    known = visible.sum(axis=0) >= FEWEST
    if not known.any():
        return before
    bright = medians(np.abs(away[..., :1]), visible)[:, 0]
    tint = medians(np.abs(away[..., 1:]).max(axis=2, keepdims=True), visible)[:, 0]
    found = 1.48 * np.column_stack([bright, tint])
    # What most of the face does in this clip, any place of it may do: few pictures measure a single place poorly.
    usual = np.array(USUAL, dtype=np.float32)
    common = np.clip(2 * np.median(found[known], axis=0), _CALMEST * usual, usual)
    return np.asarray(np.where(known[:, None], np.maximum(found, common), before), dtype=np.float32)


def as_weight(strange: Singles, limits: tuple[float, float]) -> Singles:
    """Return 1 up to the lower limit, 0 from the upper one on."""
    low, high = limits
    return np.asarray(np.clip((high - strange) / (high - low), 0, 1), dtype=np.float32)


def skin_of(
    normals: Array, colour: Singles, known: NDArray[np.bool_], trusted: NDArray[np.bool_]
) -> tuple[Singles, Singles]:
    """Colour that bare skin would have at each place (N, 3), and how likely its colour is that of skin (N,)."""
    sure = known & trusted if (known & trusted).sum() > 50 else known
    # Light from one side reaches the far side of the head less than a line through nose and cheeks says.
    basis = np.column_stack([np.ones(len(normals)), normals]).astype(np.float32)
    tie = np.diag([1e-6, 0.05, 0.05, 0.05]).astype(np.float32) * np.float32(max(int(sure.sum()), 1))
    weight = np.ones(int(sure.sum()), dtype=np.float32)
    trend = np.zeros((4, 3), dtype=np.float32)
    for _ in range(6):
        scaled = basis[sure] * weight[:, None]
        trend = np.linalg.solve(basis[sure].T @ scaled + tie, scaled.T @ colour[sure])
        strange = strangeness(colour[sure] - basis[sure] @ trend, np.array(_SKIN, dtype=np.float32) / 2)
        weight = 1 / (1 + strange**2)
    likely = basis @ trend
    away = np.where(known[:, None], colour - likely, 0)
    away[:, 0] = np.where(away[:, 0] < 0, away[:, 0] / _DARKER, away[:, 0])
    away[:, 1] = np.where(away[:, 1] > 0, away[:, 1] / _REDDER, away[:, 1])
    return likely.astype(np.float32), as_weight(3 * strangeness(away, np.array(_SKIN, dtype=np.float32)), NO_SKIN)
