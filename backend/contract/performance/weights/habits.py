"""Habits of ARKit's weights as bounds: mouthClose against the jaw, and pairs of which only one is ever up."""

from __future__ import annotations

from typing import Final

import numpy as np

from ...arrays import Array
from ..channels import EXCLUSIVE, INDEX

_FREE: Final = 0.1
"""Up to here mouthClose may be more than jawOpen, by `_BEYOND` at most, as phones have it."""
_BEYOND: Final = 0.06
_SETTLING: Final = 0.2
"""Seconds over which it is settled which of two exclusive channels is meant."""


def most_of_mouth_close(jaw: Array) -> Array:
    """Return the largest mouthClose (T,) beside jawOpen (T,)."""
    return np.asarray(jaw + np.clip(_FREE - jaw, 0, _BEYOND))


def without_losers(most: Array, strengths: Array, channels: Array, joined: Array, rate: float) -> Array:
    """Return upper bounds (T, C) with the weaker of two exclusive channels held at zero.

    Args:
        most: Bounds (T, C).
        strengths: What was solved without, in a unit that all channels share (T, C).
        channels: Which (C,).
        joined: See `steadiness.joined_frames`.
        rate: Frames per second.
    """
    result = most.copy()
    column = {int(channel): index for index, channel in enumerate(channels)}
    for pair in EXCLUSIVE:
        first, second = (column.get(INDEX[name]) for name in pair)
        if first is None or second is None:
            continue
        lead = _mean_around(strengths[:, first] - strengths[:, second], joined, round(_SETTLING * rate / 2))
        result[lead < 0, first] = 0
        result[lead >= 0, second] = 0
    return result


def _mean_around(values: Array, joined: Array, reach: int) -> Array:
    """Return means (T,) over so many frames before and after, none of them beyond a cut or a gap."""
    count = len(values)
    stretch = np.r_[0, np.cumsum(~joined)]
    first, last = np.searchsorted(stretch, stretch), np.searchsorted(stretch, stretch, "right")
    first = np.maximum(first, np.arange(count) - reach)
    last = np.minimum(last, np.arange(count) + reach + 1)
    total = np.r_[0, np.cumsum(values)]
    return np.asarray((total[last] - total[first]) / (last - first))
