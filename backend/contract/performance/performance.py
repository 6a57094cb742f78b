"""A performance: weights, gaze and head motion over time, whatever they come from."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from ..arrays import Array
from .channels import CHANNELS

GEOMETRY: Final = "geometry"
"""Source of a channel: solved from the shape of the tracked face."""
JOINT: Final = "joint"
"""Source of a channel: read from the rotation of jaw or eyes."""
APERTURE: Final = "aperture"
"""Source of a channel: the gap of the lids between this person's open and closed."""
SCORE: Final = "score"
"""Source of a channel: MediaPipe's expression scores."""
GEOMETRY_AND_SCORE: Final = "geometry and score"
"""Source of a channel: solved from the shape of the tracked face and MediaPipe's scores, each by its uncertainty."""
FILE: Final = "file"
"""Source of a channel: a file that another program wrote."""
HAND: Final = "by hand"
"""Source of a channel: somebody has changed it on the rig of the track."""
NOT_TRACKED: Final = "not tracked"
"""Source of a channel that nothing tells: its weights are NaN, not zero."""
SOURCES: Final = (GEOMETRY, JOINT, APERTURE, SCORE, GEOMETRY_AND_SCORE, FILE, HAND, NOT_TRACKED)
NECK_SHARE: Final = 0.3
"""Part of the head's turn that the neck of a character takes, where nobody says another."""


@dataclass(frozen=True)
class Performance:
    """Weights, gaze and head motion. T frames; left and right are the subject's.

    Attributes:
        name: For people, e.g. the clip's or the take's.
        rate: Nominal frames per second.
        time: Seconds from the first frame (T,) float64, increasing.
        weights: In the order of `CHANNELS` (T, 52) float64, 0 to 1 (phones write up to 1.05). A row of NaN is a frame
            without a face, a column of NaN a channel that is not tracked.
        gaze: Left and right eye, yaw and pitch (T, 2, 2), radians; positive towards the subject's right, and down,
            counted from the person's own rest. None where nothing is known of it but the weights.
        head_rotation: Axis-angle (T, 3), radians, in the axes of the head (x to the subject's left, y up, z out of the
            face), from a head that looks upright into the camera. None where it is not known.
        head_translation: Metres (T, 3) in the same axes, from the first frame with a face. None where it is not known.
        source: Of each channel, one of `SOURCES` (52).
        trust: How far each channel can be trusted (52,), 0 to 1; 0 where it is not tracked.
        beyond: What the landmarks of the tracked face do beyond the weights (T, 478, 3), see `surface`; for faces that
            follow the surface. None where nobody asked for it.
    """

    name: str
    rate: Fraction
    time: Array
    weights: Array
    gaze: Array | None
    head_rotation: Array | None
    head_translation: Array | None
    source: tuple[str, ...]
    trust: Array
    beyond: Array | None = None

    def __post_init__(self) -> None:
        frames = len(self.time)
        assert self.weights.shape == (frames, len(CHANNELS)), self.weights.shape
        assert len(self.source) == len(self.trust) == len(CHANNELS)
        assert self.gaze is None or self.gaze.shape == (frames, 2, 2)

    def __len__(self) -> int:
        return len(self.time)

    @property
    def has_face(self) -> Array:
        """Whether each frame shows a face (T,) bool."""
        return np.asarray(~np.isnan(self.weights).all(axis=1))

    @property
    def is_tracked(self) -> Array:
        """Whether each channel is tracked (52,) bool."""
        return np.array([source != NOT_TRACKED for source in self.source])
