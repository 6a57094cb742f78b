"""Motion of a tracked face's surface: landmarks in head space, and the turns of jaw, eyes and head. Numpy alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ....backend.contract.names import FACE_LANDMARKS, JOINTS
from ....backend.contract.performance.channels import CHANNELS, REGIONS, region_of
from ....backend.contract.performance.transfer.arkit_head import arkit_head

Array = NDArray[np.float64]

_LEFT_EYE, _RIGHT_EYE = (JOINTS.index(name) for name in ("left_eye", "right_eye"))

_NOTICED: Final = 5e-4
"""Metres: a channel that moves a point less does not move it."""


@dataclass(frozen=True)
class SurfaceMotion:
    """What a face does, K frames; metres and radians in the axes of the head (x to the left, y up, z out of the face).

    Attributes:
        landmarks: MediaPipe's, in a head that does not turn, with jaw and all else applied (K, 478, 3). NaN where the
            head has no such point.
        neutral: The same at rest (478, 3).
        eye_centres: Left and right (2, 3).
        jaw: Turn of the jaw (K, 3), axis-angle.
        eyes: Turns of left and right eye (K, 2, 3); None where nothing tells them.
        head: Turn of the head (K, 3), as `Performance.head_rotation`; None where nothing tells it.
    """

    landmarks: Array
    neutral: Array
    eye_centres: Array
    jaw: Array
    eyes: Array | None
    head: Array | None

    def __len__(self) -> int:
        return len(self.landmarks)


@lru_cache(maxsize=1)
def _reach() -> Array:
    """How far the channels of each region move each landmark of the face in all (regions, 468)."""
    head = arkit_head()
    ways = np.linalg.norm(head.displacements[head.landmark_vertices[:FACE_LANDMARKS]], axis=1)
    of_region = [[region_of(channel) == region for channel in CHANNELS] for region in REGIONS]
    return np.array(of_region, dtype=np.float64) @ ways.T


def region_of_landmarks(landmarks: tuple[int, ...]) -> str:
    """Return the region of the face whose channels move some landmarks most; irises belong to the gaze."""
    inside = [index for index in landmarks if index < _reach().shape[1]]
    if not inside:
        return "gaze"
    return REGIONS[int(np.argmax(_reach()[:, inside].sum(axis=1)))]


def played_motion(
    weights: Array, beyond: Array | None, jaw: Array, eyes: Array | None, head: Array | None
) -> SurfaceMotion:
    """Return the motion of the built-in head that plays weights, and what a tracked face does beyond them.

    Args:
        weights: (K, 52); channels that are not tracked count as zero.
        beyond: (K, 478, 3) as `Performance.beyond`, or None.
        jaw, eyes, head: As `SurfaceMotion` has them.
    """
    built_in = arkit_head()
    landmarks = built_in.landmarks_of(weights)
    return SurfaceMotion(
        # Points that the track's head does not have go by the weights alone.
        landmarks if beyond is None else landmarks + np.nan_to_num(beyond),
        built_in.neutral[built_in.landmark_vertices],
        built_in.joints[[_LEFT_EYE, _RIGHT_EYE]],
        jaw,
        eyes,
        head,
    )


def channels_that_move(landmarks: Sequence[int]) -> list[str]:
    """Return the channels that move one of some landmarks by half a millimetre or more."""
    head = arkit_head()
    chosen = head.landmark_vertices[[index for index in landmarks if index < FACE_LANDMARKS]]
    ways = np.linalg.norm(head.displacements[chosen], axis=1)
    return [name for name, way in zip(CHANNELS, ways.max(axis=0, initial=0.0), strict=True) if way > _NOTICED]
