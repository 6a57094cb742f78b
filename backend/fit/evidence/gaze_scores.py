"""Gaze by MediaPipe's expression scores: a second opinion, from pixels the iris landmarks do not use."""

from __future__ import annotations

from typing import Final

import numpy as np

from ...contract.arrays import Floats
from ...contract.names import MEDIAPIPE_SCORES

YAW_PER_SCORE: Final = 0.58
"""Radians of eye yaw per unit of (look out - look in). ARKit's own recordings have 0.61 (retargeting of Live Link Face
takes), the rendered truth clip 0.55."""


def gaze_from_scores(scores: np.ndarray, tuning_sigma: float) -> tuple[Floats, Floats]:
    """Return the expected gaze (T, 4: left pitch, left yaw, right pitch, right yaw) and its precision (T, 4).

    Only yaw is used: the scores' pitch mixes gaze and head pitch. Without scores the precision is 0.

    Args:
        scores: MediaPipe's scores (T, 52), NaN where there are none.
        tuning_sigma: Standard deviation of the yaw in radians.
    """
    known = np.isfinite(scores).all(axis=1)
    values = np.where(known[:, None], scores, 0.0).astype(np.float64)

    def score(name: str) -> Floats:
        return values[:, MEDIAPIPE_SCORES.index(name)]

    left = score("eyeLookOutLeft") - score("eyeLookInLeft")
    right = score("eyeLookInRight") - score("eyeLookOutRight")
    both = YAW_PER_SCORE * (left + right) / 2
    gaze, precision = np.zeros((len(scores), 4)), np.zeros((len(scores), 4))
    gaze[:, (1, 3)] = both[:, None]
    # A closed eye tells nothing, to the network as to us.
    opened = 1 - np.clip(np.maximum(score("eyeBlinkLeft"), score("eyeBlinkRight")), 0, 1)
    precision[:, (1, 3)] = (known * opened / tuning_sigma**2)[:, None]
    return gaze, precision
