"""Largest gaps between facing points of the lips in frames whose mouth is closed in the picture."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..geometry.landmark_model import FACING_LIPS

CLOSED: Final = 0.03
"""Lips whose landmarks are nowhere farther apart than this share of the distance between the eyes are closed."""


def largest_gaps(points: np.ndarray, size: np.ndarray, metres: float) -> np.ndarray:
    """Return how far facing points may be apart (T, P) in metres; infinite in frames whose mouth is not closed.

    Args:
        points: Landmarks in pixels (T, 478, 2 or 3); NaN where not found.
        size: Distance between the eyes in pixels, as if seen from the front (T,).
        metres: The same on the head.
    """
    upper, lower = np.array(FACING_LIPS).T
    gaps = np.linalg.norm(points[:, upper, :2] - points[:, lower, :2], axis=-1) / size[:, None]
    closed = np.nan_to_num(gaps, nan=np.inf).max(axis=1) < CLOSED
    return np.where(closed[:, None], gaps * metres, np.inf)
