"""Bias of the detector where a face turns from the camera, and the landmarks without it.

MediaPipe's points under-report how far a head looks up or down: of the pitch of rendered heads they show 0.80 to 0.91,
the same for painted and photographic skin and for heads of two families, where exactly projected points show all of it.
The points move across the face in a way that depends on the view alone, so it can be taken off before anything is
fitted. `tools.make_detector_turns` learned the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from ...contract import names
from ...contract.arrays import Floats
from ...head.builtin.tables import DETECTOR_TURNS
from ...head.embedding.registration import neutral_face
from ..geometry.initial_pose import initial_poses
from ..options.weights import Tuning
from .observations import group_weights

TERMS: Final = 7
FURTHEST_YAW, FURTHEST_PITCH, PROFILE = 1.3, 0.4, 0.7
"""Radians beyond which no rendered head was turned: the bias stays there what it is at this angle."""
_MOVABLE: Final = 0.1
"""Weight of lids, lips and contour where the view is told from the points."""


def without_turn_bias(points: np.ndarray, centre: tuple[float, float], table: Floats | None = None) -> np.ndarray:
    """Return landmarks with what the turned head did to them taken off.

    Args:
        points: As the detector gives them, full-frame pixels (T, 478, 2 or 3); NaN where no face was found.
        centre: Principal point in pixels.
        table: As `turn_table`, which it is by default.
    """
    table = turn_table() if table is None else table
    result = np.array(points)
    detected = np.isfinite(points[..., :2]).all(axis=(1, 2))
    if detected.any():
        view = views(points[detected], centre)
        moved = np.einsum("tk,nka->tna", terms(view), table) * view.scale[:, None, None]
        # Irises are found in the picture itself, see `landmarks.iris_picture`.
        moved[:, names.FACE_LANDMARKS :] = 0.0
        result[detected, :, :2] -= np.einsum("tna,tac->tnc", moved, view.axes)
    return result


@dataclass(frozen=True)
class FaceView:
    """How T faces are seen, told from their landmarks alone.

    Attributes:
        yaw, pitch: Radians from a face that looks along the ray into the camera (T,): to the subject's left, up.
        axes: The face's left and up in the picture, unit pixels (T, 2, 2).
        scale: Pixels per metre (T,).
    """

    yaw: Floats
    pitch: Floats
    axes: Floats
    scale: Floats


def views(points: np.ndarray, centre: tuple[float, float]) -> FaceView:
    """Return how faces (T, 478, 2 or 3), finite, are seen: as the neutral face of the detector would be."""
    face = neutral_face()
    weight = np.where(group_weights(Tuning())[: names.FACE_LANDMARKS] == 1.0, 1.0, _MOVABLE)
    pixels = points[:, : names.FACE_LANDMARKS, :2].astype(np.float64) - np.asarray(centre)
    poses = initial_poses(pixels, face - face.mean(axis=0), weight)
    rotation = np.diag([1.0, -1.0, -1.0]) @ poses.rotation
    roll = np.arctan2(rotation[:, 1, 0], rotation[:, 1, 1])
    along, across = np.cos(roll), np.sin(roll)
    return FaceView(
        yaw=np.arctan2(rotation[:, 0, 2], rotation[:, 2, 2]),
        pitch=np.arcsin(np.clip(rotation[:, 1, 2], -1, 1)),
        axes=np.stack([np.stack([along, -across], axis=1), np.stack([-across, -along], axis=1)], axis=1),
        scale=poses.scale,
    )


def terms(view: FaceView) -> Floats:
    """Return the functions of the view (T, 7) that the table has coefficients of: p, y, y², p y, p², b, b sign(y).

    b is by how much the yaw is beyond `PROFILE`, where the others rest.
    """
    yaw = np.clip(view.yaw, -PROFILE, PROFILE)
    pitch = np.clip(view.pitch, -FURTHEST_PITCH, FURTHEST_PITCH)
    beyond = np.clip(np.abs(view.yaw) - PROFILE, 0, FURTHEST_YAW - PROFILE)
    either = beyond * np.sign(view.yaw)
    return np.stack([pitch, yaw, yaw * yaw, pitch * yaw, pitch * pitch, beyond, either], axis=1)


@lru_cache(maxsize=1)
def turn_table() -> Floats:
    """Return the coefficients (478, 7, 2): of each term, to the face's left and up, metres."""
    values = np.loadtxt(DETECTOR_TURNS, delimiter=",", comments="#")
    return values.reshape(names.LANDMARKS, TERMS, 2) / 1000
