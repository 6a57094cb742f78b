"""FLAME's parameters of a track's frames, in the shapes that other programs expect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..contract.camera import BLENDER_FROM_OPENCV, axis_angles, rotation_matrices
from ..contract.track import MISSING, Track
from ..head.model import Floats, HeadModel, Integers
from ..head.skinning import shaped_template

SHAPE: Final = 300
EXPRESSION: Final = 100


@dataclass(frozen=True)
class Codes:
    """T frames.

    Attributes:
        shape: (300,); modes that the head does not have are zero.
        expression: (T, 100).
        neck, jaw: (T, 3).
        eyes: Left, right (T, 6).
        eyelids: Left, right (T, 2).
    """

    shape: Floats
    expression: Floats
    neck: Floats
    jaw: Floats
    eyes: Floats
    eyelids: Floats


def codes_of(track: Track) -> Codes:
    """Return the parameters of all frames of a track."""
    return Codes(
        shape=padded(track.identity, SHAPE),
        expression=padded(track.expression, EXPRESSION),
        neck=np.asarray(track.neck_pose),
        jaw=np.asarray(track.jaw_pose),
        eyes=np.concatenate([track.left_eye_pose, track.right_eye_pose], axis=1),
        eyelids=np.asarray(track.eyelids),
    )


def padded(values: Floats, count: int) -> Floats:
    """Return values (…, N) with zeros behind them, or cut, so that there are `count`."""
    result = np.zeros((*values.shape[:-1], count))
    used = min(values.shape[-1], count)
    result[..., :used] = values[..., :used]
    return result


def shown_frames(track: Track) -> Integers:
    """Return the positions of the frames in which the head is known."""
    return np.flatnonzero(track.status != MISSING)


def root_joints(head: HeadModel, track: Track) -> Floats:
    """Return the place of joint 0, about which FLAME turns the head, in every frame (T, 3).

    It moves with identity and expression, as all of FLAME's joints do, but not with any pose.
    """
    row = head.joint_regressor[0]
    modes = head.expression_basis.shape[2]
    identity = np.zeros(0) if head.fixed_identity is not None else track.identity
    joints = np.einsum("v,vc->c", row, shaped_template(head, identity))
    joints = joints + track.expression[:, :modes] @ np.einsum("v,vce->ec", row, head.expression_basis)
    if head.eyelids is not None:
        joints = joints + track.eyelids @ np.einsum("v,vce->ec", row, head.eyelids)
    return joints


def global_pose(head: HeadModel, track: Track) -> tuple[Floats, Floats]:
    """Return FLAME's global rotation as axis-angle (T, 3) and translation (T, 3) in a world that the camera looks into.

    The world's origin is the camera, its axes x right, y up, z backwards; FLAME turns about joint 0, then translates.
    """
    turn = BLENDER_FROM_OPENCV @ rotation_matrices(track.head_rotation)
    joints = root_joints(head, track)
    place = track.head_translation @ BLENDER_FROM_OPENCV.T
    return axis_angles(turn), place + np.einsum("tij,tj->ti", turn, joints) - joints
