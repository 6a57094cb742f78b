"""Habits of ARKit's weights: mouthClose against the jaw, pairs of which one alone is up, and pairs that go together."""

from __future__ import annotations

from typing import Final

import numpy as np

from ...arrays import Array
from ..channels import EXCLUSIVE, INDEX

_FREE: Final = 0.1
"""Up to here mouthClose may be more than jawOpen, by `_BEYOND` at most: phones' takes exceed that in 2 % of frames."""
_BEYOND: Final = 0.02
ALIKE: Final = ("eyeWide", "eyeSquint", "browDown", "noseSneer")
"""Channels whose left and right are the same in phones' takes (correlation 0.98 to 1.0)."""
_PULL: Final = 1.0
"""Cost of a difference between them, as share of the cost of their error."""
_APART: Final = 0.1
"""Difference of weights from which the pull gives way: one brow that is really down stays down alone."""
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


def alike_pairs(channels: Array) -> Array:
    """Return the columns (P, 2) of left and right of the channels of `ALIKE` that are among some channels (C,)."""
    column = {int(channel): index for index, channel in enumerate(channels)}
    pairs = [(INDEX[f"{name}Left"], INDEX[f"{name}Right"]) for name in ALIKE]
    found = [(column[left], column[right]) for left, right in pairs if left in column and right in column]
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def pull_of(weights: Array, pairs: Array) -> Array:
    """Return how strongly left and right are drawn together (T, P) by how far they are apart (Geman, McClure 1985)."""
    apart = (weights[:, pairs[:, 0]] - weights[:, pairs[:, 1]]) / _APART
    return np.asarray(_PULL / (1 + apart**2) ** 2)


def _mean_around(values: Array, joined: Array, reach: int) -> Array:
    """Return means (T,) over so many frames before and after, none of them beyond a cut or a gap."""
    count = len(values)
    stretch = np.r_[0, np.cumsum(~joined)]
    first, last = np.searchsorted(stretch, stretch), np.searchsorted(stretch, stretch, "right")
    first = np.maximum(first, np.arange(count) - reach)
    last = np.minimum(last, np.arange(count) + reach + 1)
    total = np.r_[0, np.cumsum(values)]
    return np.asarray((total[last] - total[first]) / (last - first))
