"""Comparison of two faces: their portraits without what is around them, and the positions of their landmarks."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Floats, Singles

ANOTHER: Final = 0.075
"""Difference of two faces from which they are two people: up to 0.03 for one person, from 0.08 for two on our clips."""
_TOP, _BOTTOM, _LEFT, _RIGHT = 4, 18, 5, 15
"""Part of a portrait that is skin whatever is behind the head."""
_SAMPLE: Final = 8
"""Portraits of each that are compared: a turned face is like another turned the same way."""


def difference(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """Return how much the faces of two people differ where they look most alike, as a share of their brightness.

    Args:
        first, second: Their portraits (n, 20, 20, 3) and (m, 20, 20, 3); some of each are compared.
    """
    ours, theirs = _some(first), _some(second)
    inside = theirs[:, _TOP:_BOTTOM, _LEFT:_RIGHT]
    inside = inside / np.maximum(inside.mean(axis=(1, 2, 3), keepdims=True), 4.0)
    least = np.inf
    for down in (-2, -1, 0, 1, 2):  # Where the crop sits on the face is not exact.
        for right in (-1, 0, 1):
            moved = ours[:, _TOP + down : _BOTTOM + down, _LEFT + right : _RIGHT + right]
            moved = moved / np.maximum(moved.mean(axis=(1, 2, 3), keepdims=True), 4.0)
            apart = np.abs(moved[:, None] - inside[None]).mean(axis=(2, 3, 4))
            least = min(least, float(apart.min()))
    return least


def moved(first: Singles, second: Singles) -> float:
    """Return the mean distance of two sets of landmarks (478, 3) in the picture, as a share of the size of the face."""
    a, b = first[:, :2].astype(np.float64), second[:, :2].astype(np.float64)
    size = max(float(np.ptp(a, axis=0).max()), float(np.ptp(b, axis=0).max()), 1.0)
    return float(np.linalg.norm(a - b, axis=1).mean()) / size


def _some(portraits: NDArray[np.uint8]) -> Floats:
    chosen = np.unique(np.linspace(0, len(portraits) - 1, _SAMPLE).round().astype(int))
    return portraits[chosen].astype(np.float64)
