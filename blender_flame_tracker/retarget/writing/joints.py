"""Turns of head, neck, jaw and eyes, written in each bone's own space from its rest matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import bpy
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray

from ....backend.contract.camera import axis_angles, quaternions, rotation_matrices
from ....backend.contract.failure import Notice
from ....backend.contract.performance.channels import INDEX
from ....backend.contract.performance.characters.mapping import JointTarget, Mapping
from ....backend.contract.performance.transfer.arkit_head import JAW_OPEN, eye_rotations
from ....backend.contract.retarget_settings import RetargetSettings
from ..recognising.facts import bone_weights
from ..recognising.gather import deforming_armature
from .chosen_parts import gaze_on, head_on
from .face_axes import FaceAxes
from .frames import Keyed

Array = NDArray[np.float64]

JAW_ASIDE: Final = np.radians(8.0)
"""Turn of a jaw at jawLeft or jawRight 1: a shift of the chin by about 10 mm."""

_EYES: Final = ("left_eye", "right_eye")


@dataclass(frozen=True)
class Turn:
    """Rotations of one bone over time.

    Attributes:
        target: Which bone.
        face: In the axes of the face, axis-angle (K, 3).
        local: The same in the bone's own space (K, 3).
    """

    target: JointTarget
    face: Array
    local: Array


def turns_of(
    mapping: Mapping, armature: bpy.types.Object, axes: FaceAxes, keyed: Keyed, settings: RetargetSettings
) -> tuple[list[Turn], list[Notice]]:
    """Return the turns of all joints in use that the performance tells something of, and what is to be said."""
    turns: list[Turn] = []
    notices: list[Notice] = []
    targets = _shared(mapping, settings)
    for target in targets:
        face = in_face(target.joint, keyed, settings)
        if face is None or target.share == 0:
            continue
        face = face * target.share
        if target.joint == "jaw" and not _lowers_chin(armature, target.bone, axes):
            face = face * np.array([-1.0, 1.0, 1.0])
            notices.append(jaw_flipped(target.bone))
        turns.append(Turn(target, face, _in_bone(armature, target.bone, axes, face)))
    return turns, notices


def _shared(mapping: Mapping, settings: RetargetSettings) -> list[JointTarget]:
    """The joints in use, with the head's turn shared out between head and neck."""
    used = [each for each in mapping.joints if each.use and settings.uses(region_of_joint(each.joint))]
    heads = [each for each in used if each.joint == "head"]
    necks = [each for each in used if each.joint == "neck"]
    shares = {"head": 1.0, "neck": 1.0}
    if heads and necks:
        shares = {"head": 1.0 - settings.neck_share, "neck": settings.neck_share}
    found = []
    for each in used:
        alike = heads if each.joint == "head" else necks if each.joint == "neck" else [each]
        total = sum(other.share for other in alike) or 1.0
        share = each.share if each.joint not in shares else shares[each.joint] * each.share / max(total, 1.0)
        found.append(JointTarget(each.armature, each.bone, each.joint, share))
    return found


_REGION: Final = {"head": "head", "neck": "head", "jaw": "jaw", "left_eye": "gaze", "right_eye": "gaze"}


def region_of_joint(joint: str) -> str:
    """Return the region of the face, or ``head``, that a joint belongs to."""
    return _REGION[joint]


def in_face(joint: str, keyed: Keyed, settings: RetargetSettings) -> Array | None:
    """Return a joint's turn (K, 3), axis-angle in the axes of the face; None where the performance does not tell it."""
    if joint in ("head", "neck"):
        return head_on(keyed, settings)
    if joint in _EYES:
        gaze = gaze_on(keyed)
        if gaze is None:
            return None
        return axis_angles(eye_rotations(gaze[:, _EYES.index(joint)]))
    opened, left, right = (keyed.weights[:, INDEX[name]] for name in ("jawOpen", "jawLeft", "jawRight"))
    if np.isnan(opened).any():
        return None
    aside = np.nan_to_num(left) - np.nan_to_num(right)
    return np.stack([JAW_OPEN * opened, JAW_ASIDE * aside, np.zeros_like(opened)], axis=1)


def _in_bone(armature: bpy.types.Object, bone: str, axes: FaceAxes, face: Array) -> Array:
    """Axis-angles (K, 3) as the bone's own channels take them: its parents at rest, as they turn it with them."""
    data: Any = armature.data
    rest = np.array(data.bones[bone].matrix_local.to_3x3(), dtype=np.float64)
    return face @ (rest.T @ axes.matrix).T


def _lowers_chin(armature: bpy.types.Object, bone: str, axes: FaceAxes) -> bool:
    """Whether opening the jaw takes what hangs on its bone down: the vertices that it moves, else its tip."""
    data: Any = armature.data
    rest = data.bones[bone]
    lever = _weighted_centre(armature, bone)
    lever = (np.array(rest.tail_local) if lever is None else lever) - np.array(rest.head_local)
    opened = rotation_matrices(np.array([[JAW_OPEN, 0.0, 0.0]]))[0]
    inside = axes.matrix.T @ lever
    return bool((opened @ inside - inside)[1] <= 0)


def _weighted_centre(armature: bpy.types.Object, bone: str) -> Array | None:
    """Middle of the vertices that a bone moves by half or more, in the armature's space; None where it moves none."""
    centres, counts = [], []
    for thing in meshes_on(armature):
        heavy = np.flatnonzero(bone_weights(thing, (bone,)) > 0.5)
        if len(heavy) == 0:
            continue
        mesh: Any = thing.data
        points = np.empty(3 * len(mesh.vertices), dtype=np.float32)
        mesh.vertices.foreach_get("co", points)
        centre = armature.matrix_world.inverted_safe() @ thing.matrix_world
        middle = np.append(points.reshape(-1, 3)[heavy].mean(axis=0), 1.0)
        centres.append((np.array(centre) @ middle)[:3] * len(heavy))
        counts.append(len(heavy))
    return None if not counts else np.sum(centres, axis=0) / sum(counts)


def meshes_on(armature: bpy.types.Object) -> list[bpy.types.Object]:
    """Return the meshes of all scenes that an armature deforms."""
    return [thing for thing in bpy.data.objects if thing.type == "MESH" and deforming_armature(thing) == armature]


def jaw_flipped(bone: str) -> Notice:
    """Say that opening a jaw's bone as others are opened would have shut the mouth."""
    return Notice("jaw-flipped", f"The jaw bone '{bone}' hangs behind its joint: it is turned the other way round.")


def rotation_channels(bone: bpy.types.PoseBone, local: Array) -> tuple[str, Array]:
    """Return the channel of a bone's rotation mode, by its name, and its values (K, 3 or 4), without jumps.

    Args:
        bone: Whose mode is kept.
        local: Axis-angles in its own space (K, 3).
    """
    if bone.rotation_mode == "QUATERNION":
        return "rotation_quaternion", quaternions(local)
    if bone.rotation_mode == "AXIS_ANGLE":
        angle = np.linalg.norm(local, axis=1, keepdims=True)
        axis = np.where(angle > 1e-9, local / np.maximum(angle, 1e-9), [[0.0, 1.0, 0.0]])
        return "rotation_axis_angle", np.concatenate([angle, axis], axis=1)
    angles: list[tuple[float, ...]] = []
    before: Any = None
    for matrix in rotation_matrices(local):
        turned = Matrix(matrix.tolist())
        before = turned.to_euler(bone.rotation_mode) if before is None else turned.to_euler(bone.rotation_mode, before)
        angles.append(tuple(before))
    return "rotation_euler", np.array(angles)


def rest_rotation(channel: str) -> tuple[float, ...]:
    """Return the values of a bone's rotation at rest, by the name of its channel."""
    rests = {"rotation_quaternion": (1.0, 0.0, 0.0, 0.0), "rotation_axis_angle": (0.0, 0.0, 1.0, 0.0)}
    return rests.get(channel, (0.0, 0.0, 0.0))
