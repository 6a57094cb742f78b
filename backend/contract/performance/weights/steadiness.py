"""Steadiness in time: where a channel rests its trembling is smoothed, and where it moves it is left as it is.

The cost of roughness falls where the second difference is large (iteratively reweighted least squares with the weights
of Geman and McClure): that of a blink of two frames is a hundred times that of a still face's noise.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from ...arrays import Array
from ...track import MISSING, Track
from .bounded import Problem, solve

_AT_REST: Final = 8.0
"""Cost of roughness of a channel at rest at 30 frames/s, as multiple of the cost of its error: what is smaller than a
twentieth and swings faster than 3 Hz goes."""
_NOISE: Final = 0.03
"""Second difference of a weight at which that cost is a quarter of it: that of noise on still faces is a tenth, that
of speech as much and more, and that of blinks ten times as much."""
_FASTEST: Final = 2.0
"""Times 30 frames/s up to which smoothing lasts as long in seconds; beyond, as many frames."""
_TURNS: Final = 3
"""Times that the costs are found anew."""


def joined_frames(track: Track) -> Array:
    """Return whether each frame and the next follow each other in one shot, none missing (T - 1,) bool."""
    present = track.status != MISSING
    return present[:-1] & present[1:] & (np.diff(track.shot) == 0) & (np.diff(track.frame_index) == 1)


def roughness_of(weights: Array, joined: Array, rate: float, smoothness: float) -> Array:
    """Return the cost of roughness (T - 2, C), see `Problem`.

    Args:
        weights: As found before (T, C).
        joined: See `joined_frames`.
        rate: Frames per second.
        smoothness: As in `ArkitOptions`.
    """
    if len(weights) < 3:
        return np.zeros((0, weights.shape[1]))
    together = (joined[:-1] & joined[1:])[:, None]
    cost = smoothness * _AT_REST * min(rate / 30, _FASTEST) ** 4
    return np.where(together, cost / (1 + (np.diff(weights, 2, axis=0) / _NOISE) ** 2) ** 2, 0)


def steadied(values: Array, joined: Array, rate: float, smoothness: float) -> Array:
    """Return weights (T, C) of channels that are measured each by itself, steady where they rest."""
    if not smoothness:
        return values
    count = values.shape[1]
    free, nothing = np.full_like(values, np.inf), np.zeros_like(values)
    problem = Problem(
        normal=np.eye(count),
        wanted=values,
        roughness=np.zeros((0, count)),
        sum_cost=np.zeros(count),
        least=-free,
        most=free,
        alike=np.zeros((0, 2), dtype=np.int64),
        pull=np.zeros((len(values), 0)),
        drawn=nothing,
        draw=nothing,
    )
    result = values
    for _ in range(_TURNS):
        roughness = roughness_of(result, joined, rate, smoothness)
        result = solve(replace(problem, roughness=roughness), result)
    return result


def lasting(values: Array, joined: Array, reach: int) -> Array:
    """Return medians (T, C) over so many frames before and after, none of them beyond a cut or a gap."""
    count = len(values)
    stretch = np.r_[0, np.cumsum(~joined)]
    around = np.arange(count)[:, None] + np.arange(-reach, reach + 1)
    within = np.clip(around, 0, count - 1)
    near = (around == within) & (stretch[within] == stretch[:, None])
    return np.asarray(np.nanmedian(np.where(near[..., None], values[within], np.nan), axis=1))
