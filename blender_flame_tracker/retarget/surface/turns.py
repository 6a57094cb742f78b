"""Turns of head, neck, jaw and eyes of a bone face, by how the rig hands a turn on: measured, not assumed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ....backend.contract.camera import axis_angles, quaternions, rotation_matrices
from ....backend.contract.failure import Notice
from ....backend.contract.performance.characters.mapping import JointTarget
from ..writing.joints import jaw_flipped
from .controls import EYES, Fit
from .motion import SurfaceMotion
from .working_copy import WorkingCopy

Array = NDArray[np.float64]

_TRIED: Final = np.array([np.radians(20.0), 0.0, 0.0])
"""Turn with which a neck or a jaw is tried, axis-angle in the axes of the face."""


def turns_of(
    joints: Sequence[JointTarget], copy: WorkingCopy, fit: Fit, motion: SurfaceMotion, neck_share: float
) -> tuple[dict[str, Array], list[Notice]]:
    """Return bone -> axis-angle (K, 3) in its own space, for joints that the motion tells, and what is to be said."""
    notices: list[Notice] = []
    necks = [each for each in joints if each.joint == "neck"]
    heads = [each for each in joints if each.joint == "head"]
    shares = _shares(heads, necks, copy, fit, neck_share)
    turns = {}
    for joint in joints:
        face = _in_face(joint.joint, motion)
        if face is None:
            continue
        face = face * shares.get(joint.bone, joint.share)
        if joint.joint == "jaw" and not _lowers_chin(joint.bone, copy, fit):
            face = face * np.array([-1.0, 1.0, 1.0])
            notices.append(jaw_flipped(joint.bone))
        turns[joint.bone] = face @ _to_bone(joint.bone, copy, fit).T
    return turns, notices


def _in_face(joint: str, motion: SurfaceMotion) -> Array | None:
    if joint in ("head", "neck"):
        return motion.head
    if joint in EYES:
        return None if motion.eyes is None else motion.eyes[:, EYES.index(joint)]
    return motion.jaw


def _to_bone(bone: str, copy: WorkingCopy, fit: Fit) -> Array:
    """Rotation (3, 3) from the axes of the face to those of a bone at rest."""
    rest = copy.rest[copy.index[bone], :3, :3]
    return (rest / np.linalg.norm(rest, axis=0)).T @ fit.axes


def _shares(
    heads: Sequence[JointTarget], necks: Sequence[JointTarget], copy: WorkingCopy, fit: Fit, neck_share: float
) -> dict[str, float]:
    """Bone -> part of the head's turn: the necks take their share, the head what they do not bring it."""
    shares = {each.bone: neck_share / len(necks) if heads else 1.0 / len(necks) for each in necks}
    for each in heads:
        brought = _brought(each.bone, [neck.bone for neck in necks], copy, fit) if necks else 0.0
        shares[each.bone] = 1.0 - neck_share * brought if necks else 1.0
    return shares


def _brought(head: str, necks: Sequence[str], copy: WorkingCopy, fit: Fit) -> float:
    """Part of a turn of the necks that the head goes with: Rigify can isolate it."""
    chosen = np.array([copy.index[name] for name in necks])
    local = np.array([_to_bone(name, copy, fit) @ _TRIED / len(necks) for name in necks])
    copy.set_rotations(chosen, quaternions(local))
    index = copy.index[head]
    turned = copy.evaluate()[index, :3, :3] @ np.linalg.inv(copy.rest[index, :3, :3])
    copy.set_rotations(chosen, quaternions(np.zeros_like(local)))
    way = axis_angles((turned / np.linalg.norm(turned, axis=0))[None])[0] @ (fit.axes @ _TRIED)
    return float(np.clip(way / (_TRIED @ _TRIED), 0.0, 1.0))


def _lowers_chin(bone: str, copy: WorkingCopy, fit: Fit) -> bool:
    """Whether opening a jaw takes down what goes with it: the bones that its turn moves, evaluated."""
    index = np.array([copy.index[bone]])
    copy.set_rotations(index, quaternions((_to_bone(bone, copy, fit) @ _TRIED)[None]))
    ways = copy.evaluate()[:, :3, 3] - copy.rest[:, :3, 3]
    copy.set_rotations(index, quaternions(np.zeros((1, 3))))
    far = np.linalg.norm(ways, axis=1)
    if far.max() <= 0:
        turned = rotation_matrices(_TRIED[None])[0]
        tip = fit.axes.T @ copy.rest[index[0], :3, 1]
        return bool((turned @ tip - tip)[1] <= 0)
    return bool((far @ ways) @ fit.axes[:, 1] <= 0)
