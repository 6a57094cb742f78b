"""Motion of a tracked face's surface: landmarks in head space, and the turns of jaw, eyes and head. Numpy alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ....backend.contract.camera import axis_angles, rotation_matrices
from ....backend.contract.names import FACE_LANDMARKS, JOINTS
from ....backend.contract.performance.channels import CHANNELS, REGIONS, region_of
from ....backend.contract.performance.transfer.arkit_head import arkit_head
from ....backend.contract.track import MISSING, Track

Array = NDArray[np.float64]

_NECK, _LEFT_EYE, _RIGHT_EYE = (JOINTS.index(name) for name in ("neck", "left_eye", "right_eye"))

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


def surface_motion_of(track: Track) -> SurfaceMotion:
    """Return the motion of a track's own mesh on the frames that show a face."""
    rows = np.flatnonzero(track.status != MISSING)
    pose = track.neck_pose[rows]
    # Where the neck turns the head, and not the torso, the face is turned back by it.
    neck = rotation_matrices(np.zeros_like(pose) if track.neck_turns_torso else pose)
    vertices = np.unique(track.faces[track.landmark_triangle])
    points = _landmarks(track, track.vertices[np.ix_(rows, vertices)], vertices)
    joint = track.joints[_NECK]
    face = (points - joint) @ neck + joint
    head = rotation_matrices(track.head_rotation[rows]) @ neck
    upright = np.diag([1.0, -1.0, -1.0])
    return SurfaceMotion(
        landmarks=face,
        neutral=_landmarks(track, track.neutral_vertices[vertices][None], vertices)[0],
        eye_centres=track.joints[[_LEFT_EYE, _RIGHT_EYE]],
        jaw=track.jaw_pose[rows],
        eyes=np.stack([track.left_eye_pose[rows], track.right_eye_pose[rows]], axis=1),
        head=axis_angles(upright @ head),
    )


def _landmarks(track: Track, points: Array, vertices: NDArray[np.int64]) -> Array:
    """Landmarks (T, 478, 3) of some vertices (T, N, 3) of a track's head; its offsets cancel out of every motion."""
    corners = np.searchsorted(vertices, track.faces[track.landmark_triangle])
    found = np.einsum("tlkc,lk->tlc", points[:, corners].astype(np.float64), track.landmark_barycentric)
    found[:, track.landmark_triangle < 0] = np.nan
    return found


def landmarks_of_performance(weights: Array) -> tuple[Array, Array]:
    """Return the landmarks (K, 478, 3) of weights (K, 52) on the built-in head, and its neutral (478, 3)."""
    head = arkit_head()
    return head.landmarks_of(weights), head.neutral[head.landmark_vertices]


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


def played_motion(weights: Array, jaw: Array, eyes: Array | None, head: Array | None) -> SurfaceMotion:
    """Return the motion of the built-in head that plays weights.

    Args:
        weights: (K, 52); channels that are not tracked count as zero.
        jaw, eyes, head: As `SurfaceMotion` has them.
    """
    landmarks, neutral = landmarks_of_performance(weights)
    centres = arkit_head().joints[[_LEFT_EYE, _RIGHT_EYE]]
    return SurfaceMotion(landmarks, neutral, centres, jaw, eyes, head)


def channels_that_move(landmarks: Sequence[int]) -> list[str]:
    """Return the channels that move one of some landmarks by half a millimetre or more."""
    head = arkit_head()
    chosen = head.landmark_vertices[[index for index in landmarks if index < FACE_LANDMARKS]]
    ways = np.linalg.norm(head.displacements[chosen], axis=1)
    return [name for name, way in zip(CHANNELS, ways.max(axis=0, initial=0.0), strict=True) if way > _NOTICED]
