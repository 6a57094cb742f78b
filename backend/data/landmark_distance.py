"""Distance between the eyes, by which everything about a face is measured that should not depend on its size."""

from __future__ import annotations

import numpy as np

from ..contract.arrays import Array
from ..contract.names import LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS


def eye_distance(points: Array) -> Array:
    """Return the distance (...) between the middles of the eyes of landmarks (..., 478, 2 or 3), in their unit."""
    right = points[..., list(RIGHT_EYE_CORNERS), :].mean(axis=-2)
    left = points[..., list(LEFT_EYE_CORNERS), :].mean(axis=-2)
    return np.linalg.norm(right - left, axis=-1)
