"""Frames with a shut jaw: closed lips say it, a chin as near to the nose as it comes in the clip, and the scores.

How long a chin is belongs to the person, so one frame cannot tell a long chin from a jaw that is open a little. Over a
clip the frames with closed lips can: their jaw is shut, and what is left is the person's. Lips that part before
clenched teeth say nothing of the jaw, but the network's score of an open jaw knows.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ...contract.arrays import Floats
from ...contract.names import MEDIAPIPE_SCORES

NEAR: Final = 0.012
"""Radians by which a jaw is open behind closed lips, one standard deviation: 1 mm at the chin."""
ARM: Final = 1.3
"""From the jaw's joint to the chin, in distances between the eyes."""
SEEN_CLOSED: Final = 0.02
"""Gap that the detector sees between closed lips, share of the distance between the eyes."""
RESTING: Final = 0.1
"""Share of the frames whose chins are taken to be at rest."""
PER_SCORE: Final = 6.0
"""Radians by which a jaw may be open, per square of its score. Painted people and an independent head have 0.75 in the
mean (the score is 0.2 at 2 degrees, 0.33 at 6, 0.6 at 13, 0.75 at 24) and up to 8 where it is small, so only scores
below 0.06 or so tell something: those of clenched teeth."""
_UPPER, _LOWER, _CHIN, _NOSE = 13, 14, 152, 2


def jaw_precision(points: np.ndarray, scores: np.ndarray, size: np.ndarray) -> Floats:
    """Return the precision (T,) in 1/rad^2 with which each frame's jaw is shut; 0 where lips or chin are not known.

    The jaw may be open as far as lips are and the chin is below where it comes to in the clip, or as the scores say.

    Args:
        points: Landmarks in pixels (T, 478, 2 or 3); NaN where not found.
        scores: MediaPipe's scores (T, 52), NaN where there are none.
        size: Distance between the eyes in pixels, as if seen from the front (T,).
    """
    detected = np.isfinite(points[:, (_UPPER, _LOWER, _CHIN, _NOSE), :2]).all(axis=(1, 2))
    gap = np.linalg.norm(points[:, _UPPER, :2] - points[:, _LOWER, :2], axis=1) / size
    chin = np.linalg.norm(points[:, _CHIN, :2] - points[:, _NOSE, :2], axis=1) / size
    if not detected.any():
        return np.zeros(len(points))
    lowered = np.maximum(chin - np.quantile(chin[detected], RESTING), 0)
    parted = np.maximum(gap - SEEN_CLOSED, 0)
    by_score = PER_SCORE * np.square(scores[:, MEDIAPIPE_SCORES.index("jawOpen")])
    opened = np.fmin((lowered + parted) / ARM, by_score)
    sigma = NEAR + np.where(detected, opened, 0.0)
    return np.where(detected, 1 / sigma**2, 0.0)
