"""Proposal of the neutral frame: the most frontal and still one with the least expression."""

from __future__ import annotations

from typing import Final

import numpy as np

from ...arrays import Array
from ...camera import rotation_matrices
from ...track import TRACKED, Track

_FRONTAL: Final = np.radians(15.0)
"""Turn of the head that counts as much as a unit of expression."""
_STILL: Final = 0.1
"""Change of all weights per frame that counts as much."""


def neutral_frame(track: Track, weights: Array) -> int:
    """Return the row of the frame that is nearest to a face at rest.

    Args:
        track: Whose head pose is read.
        weights: ARKit's (T, 52), NaN where missing or not tracked.
    """
    filled = np.nan_to_num(weights)
    strength = np.sqrt((filled**2).sum(axis=1))
    motion = np.sqrt((np.gradient(filled, axis=0) ** 2).sum(axis=1)) if len(filled) > 1 else np.zeros(len(filled))
    # Where the head's forward axis points, against the way to the camera.
    forward = rotation_matrices(np.nan_to_num(track.head_rotation))[..., 2]
    position = np.nan_to_num(track.head_translation)
    distance = np.maximum(np.linalg.norm(position, axis=1), 1e-9)
    turned = np.arccos(np.clip(-(forward * position).sum(axis=1) / distance, -1, 1))
    cost = strength + motion / _STILL + turned / _FRONTAL
    cost = np.where(track.status == TRACKED, cost, np.inf)
    cost = np.where(np.isnan(weights).all(axis=1), np.inf, cost)
    return int(np.argmin(cost))
