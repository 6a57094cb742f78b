"""Noise of the irises in a clip: what is found well says where an eye looks, what trembles says little."""

from __future__ import annotations

from typing import Final

import numpy as np

from ...contract import names
from ...contract.arrays import Floats

EYES: Final = ((names.RIGHT_IRIS[0], names.RIGHT_EYE_CORNERS), (names.LEFT_IRIS[0], names.LEFT_EYE_CORNERS))
"""Centre of the iris and corners of the eye, right and left."""
STEADY: Final = 0.004
"""Noise up to which irises have their whole weight, share of the distance between the eyes. In 33 clips those found in
the picture tremble by 0.0002 to 0.005, the networks' by 0.0005 to 0.004, made ones with a pixel of noise by 0.012."""
LEAST: Final = 0.15
"""Share of the weight that they keep in any case."""
FEWEST: Final = 8
"""Frames from which on noise can be told from glances."""


def steadiness(points: Floats, size: Floats) -> float:
    """Return the share (0..1) of their weight that the irises of a clip earn by how little they tremble.

    The noise is the median second difference in time of the centres' places between the corners of their eye; glances
    and blinks are few enough not to move a median. For white noise that is 0.6745 * sqrt(6) of its deviation.

    Args:
        points: Landmarks of neighbouring frames (T, 478, 2 or 3), pixels; NaN where the face was not found.
        size: Distance between the eyes in them (T,), pixels.
    """
    pixels = points[..., :2].astype(np.float64)
    offsets = np.stack([pixels[:, iris] - pixels[:, list(corners)].mean(axis=1) for iris, corners in EYES], axis=1)
    bend = np.abs(np.diff(offsets / size[:, None, None], n=2, axis=0))
    bend = bend[np.isfinite(bend).all(axis=(1, 2))]
    if len(bend) < FEWEST:
        return 1.0
    noise = float(np.median(bend)) / (0.6745 * np.sqrt(6))
    return float(np.clip((STEADY / max(noise, 1e-9)) ** 2, LEAST, 1.0))
