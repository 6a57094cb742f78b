"""Writing of a rig into the scene: armature, bound mesh, face, animation, and the way back to a plain mesh."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ....backend.contract.failure import Notice
from .. import keyframes
from ..parts import Parts, remember
from . import animation, armature, controls
from .correctives import correctives_of
from .decomposition import Decomposition
from .face_keys import write_face

TOLERATED: Final = 5e-5
"""Metres by which a rig may differ from the track's own vertices."""


def ensure_rig(parts: Parts, name: str) -> Parts:
    """Return the parts with an armature that carries the head, made where it is not there."""
    rig = parts.rig
    if rig is None:
        rig = bpy.data.objects.new(f"{name} rig", bpy.data.armatures.new(f"{name} rig"))
        rig.show_in_front = True
        rig.parent = parts.head.parent
    if rig.name not in parts.collection.all_objects:
        parts.collection.objects.link(rig)
    if parts.head.parent != rig:
        _take_place(parts.head, rig)
    parts = replace(parts, rig=rig)
    remember(parts)
    return parts


def _take_place(head: bpy.types.Object, rig: bpy.types.Object) -> None:
    """Hang the head on the rig, where it rests: the rig moves in its stead."""
    keyframes.remove_channels(head, ("location", "rotation_quaternion", "rotation_euler", "rotation_axis_angle"))
    head.parent, head.parent_type = rig, "OBJECT"
    _put_at_rest(head)


def _put_at_rest(thing: bpy.types.Object) -> None:
    thing.matrix_parent_inverse.identity()
    thing.matrix_basis.identity()
    thing.location, thing.scale = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    thing.rotation_mode = "QUATERNION"
    thing.rotation_quaternion = (1.0, 0.0, 0.0, 0.0)


def write_rig(parts: Parts, made: Decomposition, frame: NDArray[np.float64], rows: NDArray[np.int64]) -> list[Notice]:
    """Write bones, weights, shape keys and their animation.

    Args:
        parts: With a rig, and the head's mesh at rest.
        made: Of the rows that show a head.
        frame: Scene frames of the keys (K,).
        rows: Which row of it each key shows (K,).
    """
    rig = parts.rig
    assert rig is not None
    armature.write_bones(rig, made.shape)
    armature.bind(parts.head, rig, made.shape.weights)
    correctives = correctives_of(made.shape, armature.bone_axes(rig))
    key = write_face(parts.head, made.shape, made.animation.values, correctives, rig)
    animation.write_animation(rig, key, made.shape, made.animation.at(rows), frame)
    return [] if made.deviation <= TOLERATED else [_inexact(made.deviation)]


def _inexact(deviation: float) -> Notice:
    return Notice(
        "rig-inexact",
        f"The rig differs from the track by up to {1000 * deviation:.2f} mm: its vertices were changed afterwards.",
        "Import As: Shape Key per Frame shows every frame as it is.",
    )


def remove_rig(parts: Parts) -> Parts:
    """Return the parts without a rig: what hung on it hangs on the head, where it is."""
    rig = parts.rig
    if rig is None:
        return parts
    armature.unbind(parts.head)
    parts.head.parent = rig.parent
    _put_at_rest(parts.head)
    for child in [each for each in bpy.data.objects if each.parent == rig]:
        _hang_on_head(child, parts.head, rig)
    controls.remove_controls(rig)
    keyframes.remove_animation(rig)
    data: Any = rig.data
    bpy.data.armatures.remove(data)
    parts = replace(parts, rig=None)
    remember(parts)
    return parts


def _hang_on_head(child: bpy.types.Object, head: bpy.types.Object, rig: bpy.types.Object) -> None:
    """Parent an object to the head as it hung on the rig, or on a bone of it at rest."""
    inverse = child.matrix_parent_inverse.copy()
    armature_data: Any = rig.data
    bone = armature_data.bones.get(child.parent_bone) if child.parent_type == "BONE" else None
    if bone is not None:
        to_end = bone.matrix_local.copy()
        to_end.translation = bone.tail_local
        inverse = to_end @ inverse
    child.parent, child.parent_type = head, "OBJECT"
    child.matrix_parent_inverse = inverse
