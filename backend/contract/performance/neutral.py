"""Resting face of a performance: which frame shows it, and weights counted from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from ..arrays import Array
from .channels import CHANNELS, INDEX, region_of
from .performance import Performance

_BLINKS: Final = (INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"])
_WIDE: Final = (INDEX["eyeWideLeft"], INDEX["eyeWideRight"])
_GAZE: Final = tuple(INDEX[name] for name in CHANNELS if region_of(name) == "gaze")
JAW_OPEN, MOUTH_CLOSE = INDEX["jawOpen"], INDEX["mouthClose"]
_MOVES: Final = 1e-3
"""Opening of the jaw below which there is nothing for mouthClose to follow."""
_OPPOSITE: Final = (
    (INDEX["jawLeft"], INDEX["jawRight"]),
    (INDEX["mouthLeft"], INDEX["mouthRight"]),
)
"""Two channels that are one motion in two directions: less of one than at rest is more of the other."""
_CLOSES: Final = 0.75
"""Closing that counts as a blink, 0.81 to 0.94 on phones; who never blinks has no closed lid to scale to."""
_STILL_WINDOW: Final = 0.2
"""Seconds around a frame over which it has to be still."""
_TURNED: Final = np.radians(8.0)
_TURNING: Final = np.radians(15.0)
_MOVING, _ACTIVE, _SHUT, _ASIDE = 0.25, 0.05, 0.15, 0.2
"""What counts as much as a head turned by 8 degrees: one that turns by 15 degrees a second, channels that change by
0.25 a second or stand 0.05 above their usual least, lids that are closed by 0.15 more than usual, looking 0.2 aside."""


def neutral_rows(performance: Performance, frames: Sequence[int]) -> list[int]:
    """Return the neutral frames that show a face; those outside of the performance are passed over."""
    return [frame for frame in frames if 0 <= frame < len(performance) and performance.has_face[frame]]


def resting_values(performance: Performance, frames: Sequence[int]) -> Array | None:
    """Return each channel's median over the neutral frames (52,), or None where no face is in any of them.

    Args:
        performance: Of which.
        frames: Rows of its weights, as `neutral_rows` takes them.
    """
    rows = neutral_rows(performance, frames)
    return np.median(np.nan_to_num(performance.weights[rows]), axis=0) if rows else None


def from_neutral(weights: Array, resting: Array) -> Array:
    """Return weights (T, 52) counted from a resting face, at which they are zero.

    Resting values are subtracted. Not so at the eyes: a lid is scaled between this person's open and closed, so that a
    blink still closes it, and gaze stays, as the resting face may look anywhere. Lips that are shut over an open jaw
    stay shut.

    Args:
        weights: Of a performance (T, 52).
        resting: As of `resting_values` (52,).
    """
    result = np.maximum(weights - resting, 0.0)
    for one, other in _OPPOSITE:
        way = (weights[:, one] - weights[:, other]) - (resting[one] - resting[other])
        result[:, one], result[:, other] = np.maximum(way, 0.0), np.maximum(-way, 0.0)
    for lid in _BLINKS:
        result[:, lid] = _scaled_lid(weights[:, lid], float(resting[lid]))
    for lid in _WIDE:
        result[:, lid] = np.maximum(weights[:, lid] - resting[lid], 0.0) / max(1.0 - resting[lid], 1e-3)
    result[:, _GAZE] = weights[:, _GAZE]
    jaw = weights[:, JAW_OPEN]
    shut = lips_after(weights[:, MOUTH_CLOSE], jaw, result[:, JAW_OPEN])
    result[:, MOUTH_CLOSE] = np.where(jaw > _MOVES, shut, result[:, MOUTH_CLOSE])
    return result


def lips_after(close: Array, jaw: Array, jaw_after: Array) -> Array:
    """Return mouthClose (T,) after jawOpen has changed: it says how far lips are shut over the open jaw.

    Args:
        close: mouthClose before (T,).
        jaw, jaw_after: jawOpen before and after (T,); where it hardly opens, there is nothing to follow.
    """
    return np.clip(close * np.where(jaw > _MOVES, jaw_after / np.maximum(jaw, _MOVES), 1.0), 0.0, 1.0)


def _scaled_lid(closing: Array, opened: float) -> Array:
    known = closing[~np.isnan(closing)]
    most = float(known.max(initial=0.0))
    closed = most if most >= _CLOSES else 1.0
    return np.clip((closing - opened) / max(closed - opened, 1e-3), 0.0, 1.0)


def propose_neutral(performance: Performance, among: Array | None = None) -> int | None:
    """Return the row of the frame that shows the resting face best, or None where there is no face.

    It is the most frontal and most still one, with open eyes that look ahead, in which the face does little: a smile
    that is held is as still as a resting face.

    Args:
        performance: Of which.
        among: Rows that can be trusted (T,) bool, all of them where None; they are passed over where none has a face.
    """
    has_face = performance.has_face
    if among is not None and (has_face & among).any():
        has_face = has_face & among
    if not has_face.any():
        return None
    weights = np.where(has_face[:, None], np.nan_to_num(performance.weights), np.nan)
    lids, gaze = weights[:, _BLINKS].max(axis=1), weights[:, _GAZE].max(axis=1)
    rest = np.delete(weights, (*_BLINKS, *_GAZE), axis=1)
    cost = (_change(rest, performance.time) / _MOVING) ** 2
    cost += (np.maximum(rest - np.nanpercentile(rest, 5, axis=0), 0).mean(axis=1) / _ACTIVE) ** 2
    cost += (np.maximum(lids - np.nanpercentile(lids, 20), 0) / _SHUT) ** 2 + (gaze / _ASIDE) ** 2
    if performance.head_rotation is not None:
        head = performance.head_rotation
        cost += (np.linalg.norm(np.nan_to_num(head), axis=1) / _TURNED) ** 2
        cost += (_change(head, performance.time) / _TURNING) ** 2
    cost[~has_face | np.isnan(cost)] = np.inf
    best = int(np.argmin(cost))
    return best if np.isfinite(cost[best]) else int(np.argmax(has_face))


def _change(values: Array, time: Array) -> Array:
    """Return by how much channels (T, C) change per second around each frame (T,): the largest of the window."""
    if len(values) < 2:
        return np.zeros(len(values))
    steps = np.sqrt(np.mean(np.diff(values, axis=0) ** 2, axis=1)) / np.maximum(np.diff(time), 1e-6)
    steps = np.nan_to_num(steps)
    first = np.searchsorted(time, time - _STILL_WINDOW / 2)
    last = np.searchsorted(time, time + _STILL_WINDOW / 2, side="right")
    return np.array(
        [steps[start : max(end - 1, start + 1)].max(initial=0.0) for start, end in zip(first, last, strict=True)]
    )
