"""Parts of a head that may move on their own, and poses of one part without pins: a jaw, a lid, a gaze."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from ..arrays import Floats, Integers
from ..camera import Intrinsics, rotation_matrices, unproject
from ..failure import Failure
from .corrections import KeyPose
from .pose_space import ACROSS, DEPTH, EYE_LIMITS, JAW_LIMITS, TURN
from .posed_head import EXPRESSION, EYELIDS, JAW, JOINT_TURNS, LEFT_EYE, NECK, RIGHT_EYE, PosedHead

HEAD: Final = "head"
NECK_PART: Final = "neck"
JAW_PART: Final = "jaw"
GAZE: Final = "gaze"
LEFT_LID, RIGHT_LID = "left lid", "right lid"
EXPRESSION_PART: Final = "expression"
PARTS: Final = (HEAD, NECK_PART, JAW_PART, GAZE, LEFT_LID, RIGHT_LID, EXPRESSION_PART)
ALL_PARTS: Final = frozenset(PARTS) - {NECK_PART}
"""All but the neck, which follows the head anyway."""
GAZE_DISTANCE: Final = 0.1
"""Metres before the eyes of the plane in which a pixel that is looked at lies."""
_SIDES: Final = {LEFT_LID: "Left", RIGHT_LID: "Right"}


def columns_of_parts(head: PosedHead, parts: frozenset[str]) -> Integers | Failure:
    """Return which numbers of a `PoseSpace` move the parts, in their order, or why there are none."""
    unknown = parts - frozenset(PARTS)
    if unknown:
        return Failure("part-unknown", f"A head has no part '{min(unknown)}'.", f"Choose from {', '.join(PARTS)}.")
    every = np.arange(EXPRESSION.start + head.track.expression.shape[1])
    chosen: set[int] = set()
    slices = {
        HEAD: (TURN, ACROSS, DEPTH),
        NECK_PART: (JOINT_TURNS[NECK],),
        JAW_PART: (JOINT_TURNS[JAW],),
        GAZE: (JOINT_TURNS[LEFT_EYE], JOINT_TURNS[RIGHT_EYE]),
        EXPRESSION_PART: (EXPRESSION,),
    }
    for part in parts:
        chosen.update(*(every[each].tolist() for each in slices.get(part, ())))
        if part in _SIDES:
            chosen.update(_lid_columns(head, part))
    if not chosen:
        return (
            _no_lid()
            if parts & frozenset(_SIDES)
            else Failure("nothing-may-move", "No part of the head may move.", "Choose at least one part.")
        )
    return np.array(sorted(chosen), dtype=np.int64)


def turned_jaw(pose: KeyPose, opening: float, sideways: float = 0.0) -> KeyPose:
    """Return the pose with a jaw that is open by an angle and turned to the subject's left, radians, within limits."""
    (least, most), (right, left) = JAW_LIMITS[0], JAW_LIMITS[1]
    turned = (min(max(opening, least), most), min(max(sideways, right), left), pose.jaw_pose[2])
    return replace(pose, jaw_pose=turned)


def closed_lid(head: PosedHead, pose: KeyPose, lid: str, share: float) -> KeyPose | Failure:
    """Return the pose with a lid closed by a share, 0 open and 1 closed.

    Args:
        head, pose: To be changed.
        lid: `LEFT_LID` or `RIGHT_LID`.
        share: How far.
    """
    share = min(max(share, 0.0), 1.0)
    if head.track.eyelid_basis is not None:
        lids = (share, pose.eyelids[1]) if lid == LEFT_LID else (pose.eyelids[0], share)
        return replace(pose, eyelids=lids)
    names = list(head.track.header["expression_names"])
    values = {f"eyeBlink{_SIDES[lid]}": share, f"eyeWide{_SIDES[lid]}": 0.0}
    if f"eyeBlink{_SIDES[lid]}" not in names:
        return _no_lid()
    expression = [values.get(name, old) for name, old in zip(names, pose.expression, strict=True)]
    return replace(pose, expression=tuple(expression))


def gaze_at(head: PosedHead, pose: KeyPose, pixel: tuple[float, float], intrinsics: Intrinsics) -> KeyPose:
    """Return the pose whose eyes look at a pixel: at the point on its ray that is a little nearer than the eyes.

    A pixel on the eyes makes them look into the camera. Both turn alike, as far as eyes can.

    Args:
        head, pose: To be changed.
        pixel: x and y.
        intrinsics: Of the frame.
    """
    rotation = rotation_matrices(np.array(pose.head_rotation))
    eyes = np.asarray(head.track.joints, dtype=np.float64)[[LEFT_EYE, RIGHT_EYE]].mean(axis=0)
    in_camera = rotation @ eyes + np.array(pose.head_translation)
    depth = max(in_camera[2] - GAZE_DISTANCE, in_camera[2] / 2)
    x, y, z = rotation.T @ (unproject(np.array(pixel), np.array(depth), intrinsics) - in_camera)
    # +Z out of the face, +X the subject's left, +Y up: a turn about x looks down, one about y to the left.
    turn = np.array([np.arctan2(-y, np.hypot(x, z)), np.arctan2(x, max(z, 1e-9))])
    mean = (np.array(pose.left_eye_pose) + np.array(pose.right_eye_pose))[:2] / 2
    least, most = np.array(EYE_LIMITS)[:2].T
    moved = np.clip(turn, least, most) - mean
    return replace(
        pose, left_eye_pose=_turned(pose.left_eye_pose, moved), right_eye_pose=_turned(pose.right_eye_pose, moved)
    )


def _turned(eye: tuple[float, ...], change: Floats) -> tuple[float, ...]:
    return (eye[0] + float(change[0]), eye[1] + float(change[1]), eye[2])


def _lid_columns(head: PosedHead, lid: str) -> list[int]:
    if head.track.eyelid_basis is not None:
        return [EYELIDS.start + (lid == RIGHT_LID)]
    names = list(head.track.header["expression_names"])
    wanted = (f"eyeBlink{_SIDES[lid]}", f"eyeWide{_SIDES[lid]}")
    return [EXPRESSION.start + names.index(name) for name in wanted if name in names]


def _no_lid() -> Failure:
    return Failure(
        "no-lid-shape",
        "This head has no shape that closes one lid.",
        "Put l_eyelid.npy and r_eyelid.npy beside the FLAME model and track again, or move the expression.",
    )
