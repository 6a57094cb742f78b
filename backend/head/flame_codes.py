"""FLAME's parameters of a track's frames, in the shapes that other programs expect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Floats, Integers
from ..contract.camera import BLENDER_FROM_OPENCV, axis_angles, rotation_matrices
from ..contract.track import MISSING, Track
from ..data.types import HeadPose
from . import skinning
from .model import HeadModel
from .torso import NECK, root_to_camera

SHAPE: Final = 300
EXPRESSION: Final = 100
_FLAME_MESH: Final = (5023, 9976)
"""Vertices and triangles of FLAME in all its versions."""


@dataclass(frozen=True)
class Codes:
    """T frames.

    Attributes:
        shape: (300,); modes that the head does not have are zero.
        expression: With what stands for closed lids (T, 100).
        expression_without_lids: Without it (T, 100).
        neck, jaw: (T, 3).
        eyes: Left, right (T, 6).
        eyelids: Left, right (T, 2).
    """

    shape: Floats
    expression: Floats
    expression_without_lids: Floats
    neck: Floats
    jaw: Floats
    eyes: Floats
    eyelids: Floats


def codes_of(track: Track, lids: Floats | None) -> Codes:
    """Return the parameters of all frames of a track; `lids` is the expression of closed ones (100, 2), if any."""
    expression = padded(track.expression, EXPRESSION)
    return Codes(
        shape=padded(track.identity, SHAPE),
        expression=expression if lids is None else expression + track.eyelids @ lids.T,
        expression_without_lids=expression,
        neck=np.asarray(track.neck_pose),
        jaw=np.asarray(track.jaw_pose),
        eyes=np.concatenate([track.left_eye_pose, track.right_eye_pose], axis=1),
        eyelids=np.asarray(track.eyelids),
    )


def has_flame_mesh(head: HeadModel) -> bool:
    """Whether the vertices of a head are FLAME's own, one by one; the built-in head has as many, in another order."""
    return (head.vertex_count, len(head.faces)) == _FLAME_MESH


def padded(values: Floats, count: int) -> Floats:
    """Return values (…, N) with zeros behind them, or cut, so that there are `count`."""
    result = np.zeros((*values.shape[:-1], count))
    used = min(values.shape[-1], count)
    result[..., :used] = values[..., :used]
    return result


def bridged_scores(scores: NDArray[Any]) -> NDArray[np.float32]:
    """Return scores (T, 52) in which frames without a detected face lie between their neighbours, as the head does.

    Trainers take all frames that are there, and one that is not a number spoils all they have learnt. Where there are
    no scores at all they stay NaN.
    """
    scored = np.flatnonzero(np.isfinite(scores).all(axis=1))
    if len(scored) == 0:
        return np.asarray(scores, dtype=np.float32)
    frames = np.arange(len(scores))
    columns = [np.interp(frames, scored, scores[scored, column]) for column in range(scores.shape[1])]
    return np.stack(columns, axis=1).astype(np.float32)


def shown_frames(track: Track) -> Integers:
    """Return the positions of the frames in which the head is known."""
    return np.flatnonzero(track.status != MISSING)


def joint_positions(head: HeadModel, track: Track, joint: int) -> Floats:
    """Return the place of the root (0) or the neck (1), about which FLAME turns the head, in every frame (T, 3)."""
    return skinning.joint_positions(head, pose_of(head, track, np.asarray(track.neck_pose)), joint)


def pose_of(head: HeadModel, track: Track, neck: Floats) -> HeadPose:
    """Return the pose of all frames of a track with turns of the neck (T, 3)."""
    return HeadPose(
        identity=identity_to_apply(head, track),
        expression=track.expression[:, : head.expression_basis.shape[2]],
        neck=neck,
        jaw=track.jaw_pose,
        left_eye=track.left_eye_pose,
        right_eye=track.right_eye_pose,
        eyelids=track.eyelids,
    )


def identity_to_apply(head: HeadModel, track: Track) -> Floats:
    """Return the identity in the head's own modes: none where it was taken over and is in the template already."""
    return np.zeros(0) if head.fixed_identity is not None else np.asarray(track.identity)


def root_poses(head: HeadModel, track: Track) -> tuple[Floats, Floats]:
    """Return FLAME's root to camera in every frame (T, 3, 3), (T, 3): with `neck_pose` it poses the track's mesh."""
    rotation, translation = rotation_matrices(track.head_rotation), np.asarray(track.head_translation)
    if not track.neck_turns_torso:
        return rotation, translation
    return root_to_camera(rotation, translation, np.asarray(track.neck_pose), joint_positions(head, track, NECK))


def global_pose(head: HeadModel, track: Track) -> tuple[Floats, Floats]:
    """Return FLAME's global rotation as axis-angle (T, 3) and translation (T, 3) in a world that the camera looks into.

    The world's origin is the camera, its axes x right, y up, z backwards; FLAME turns about joint 0, then translates.
    """
    root, translation = root_poses(head, track)
    turn = BLENDER_FROM_OPENCV @ root
    joints = joint_positions(head, track, 0)
    position = translation @ BLENDER_FROM_OPENCV.T
    return axis_angles(turn), position + np.einsum("tij,tj->ti", turn, joints) - joints
