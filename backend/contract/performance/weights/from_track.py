"""The way from a track to a performance: gaze, jaw and lids from what moves them, all else solved from the mesh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ...arrays import Array
from ...camera import axis_angles, rotation_matrices
from ...failure import Failure
from ...track import MISSING, Track
from ..channels import CHANNELS
from ..gaze import COLUMNS, weights_of
from ..performance import NOT_TRACKED, Performance
from .basis import ArkitBasis, basis_of
from .face import solve_face
from .options import DEFAULT, ArkitOptions
from .steadiness import joined_frames, steadied

FACING: Final = np.diag([1.0, -1.0, -1.0])
"""Turn from the axes of a head to those of the camera that it looks upright into."""
_TURN_OF_ONE: Final = 0.6
"""Radians that an eye turns at a look weight of 1, about; how much of a turn is trembling goes by it."""


@dataclass(frozen=True)
class Solved:
    """A performance and what is to be said of it. T frames.

    Attributes:
        performance: The weights.
        residual: What the weights leave of the face's motion (T,), root mean square in millimetres, besides what lasts
            all clip where scores say that it is expression; NaN where missing.
        basis: What one unit of each channel moves.
    """

    performance: Performance
    residual: Array
    basis: ArkitBasis


def performance_of(track: Track, options: ArkitOptions = DEFAULT, basis: ArkitBasis | None = None) -> Solved | Failure:
    """Return ARKit's weights of a track, or why there are none.

    Args:
        track: Of any head model.
        options: How.
        basis: ARKit's shapes on the track's head; those of `basis_of` where None.
    """
    found = basis or basis_of(track)
    if isinstance(found, Failure):
        return found
    present = track.status != MISSING
    if not present.any():
        return Failure(
            "no-face-in-track", "The track has no frame with a face.", "Track a clip in which the face is visible."
        )
    gaze = gaze_angles(track, options)
    weights = np.zeros((len(track), len(CHANNELS)))
    weights[:, COLUMNS] = weights_of(np.nan_to_num(gaze))
    face = solve_face(track, found, weights, options)
    weights = face.weights
    weights[:, [source == NOT_TRACKED for source in face.source]] = np.nan
    weights[~present] = np.nan
    rotation, translation = head_motion(track)
    performance = Performance(
        name=str(track.header["video"].get("name", "")),
        rate=track.rate,
        time=track.time - track.time[0],
        weights=weights,
        gaze=gaze,
        head_rotation=rotation,
        head_translation=translation,
        source=face.source,
        trust=face.trust,
    )
    residual = np.where(present, face.residual, np.nan)
    return Solved(performance, residual, found)


def gaze_angles(track: Track, options: ArkitOptions = DEFAULT) -> Array:
    """Return yaw (towards the subject's right) and pitch (down) of left and right eye (T, 2, 2), NaN where missing."""
    forward = rotation_matrices(np.nan_to_num(np.stack([track.left_eye_pose, track.right_eye_pose], axis=1)))[..., 2]
    yaw = -np.arctan2(forward[..., 0], forward[..., 2])
    pitch = -np.arctan2(forward[..., 1], np.hypot(forward[..., 0], forward[..., 2]))
    turns = np.stack([yaw, pitch], axis=2).reshape(len(track), 4) / _TURN_OF_ONE
    steady = steadied(turns, joined_frames(track), float(track.rate), options.smoothness)
    missing = (track.status == MISSING)[:, None, None]
    return np.where(missing, np.nan, _TURN_OF_ONE * steady.reshape(len(track), 2, 2))


def head_motion(track: Track) -> tuple[Array, Array]:
    """Return axis-angle and translation of the head (T, 3), see `Performance`; NaN where missing."""
    present = track.status != MISSING
    rotation = FACING.T @ rotation_matrices(track.head_rotation)
    if not track.neck_turns_torso:
        rotation = rotation @ rotation_matrices(track.neck_pose)
    angles = axis_angles(np.where(present[:, None, None], rotation, np.eye(3)))
    first = track.head_translation[np.flatnonzero(present)[0]]
    translation = (track.head_translation - first) @ FACING
    return np.where(present[:, None], angles, np.nan), np.where(present[:, None], translation, np.nan)
