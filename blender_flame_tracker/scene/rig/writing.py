"""Writing of a rig into the scene: armature, bound mesh, face, animation, and the way back to a plain mesh."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ....backend.contract.failure import Notice
from .. import keyframes
from ..keyframes import WRITTEN_BELOW, Channel
from ..parts import Parts, remember
from . import animation, armature, controls, shot_actions
from .correctives import correctives_of
from .decomposition import Decomposition
from .face_keys import write_face
from .layers import has_layers, new_layer, put_edits_aside
from .written import edits_of

TOLERATED: Final = 5e-5
"""Metres by which a rig may differ from the track's own vertices."""


def ensure_rig(parts: Parts, name: str) -> Parts:
    """Return the parts with an armature that carries the head, made where it is not there."""
    rig = parts.rig
    if rig is None:
        rig = bpy.data.objects.new(f"{name} rig", bpy.data.armatures.new(f"{name} rig"))
        rig.show_in_front = True
    if rig.parent is None:
        rig.parent = parts.root
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


def write_rig(
    parts: Parts, made: Decomposition, frame: NDArray[np.float64], rows: NDArray[np.int64], bound: float
) -> list[Notice]:
    """Write bones, weights, shape keys and their animation.

    Args:
        parts: With a rig, and the head's mesh at rest.
        made: Of the rows that show a head.
        frame: Scene frames of the keys (K,).
        rows: Which row of it each key shows (K,).
        bound: Metres by which vertices may be off for the sake of fewer keys; 0 keys every frame.
    """
    rig = parts.rig
    assert rig is not None
    aside = put_edits_aside(rig, parts.mesh.shape_keys)
    armature.write_bones(rig, made.shape)
    armature.bind(parts.head, rig, made.shape.weights)
    correctives = correctives_of(made.shape, armature.bone_axes(rig))
    key = write_face(parts.head, made.shape, made.animation.values, correctives, rig)
    notices = animation.write_animation(rig, key, made.shape, made.animation.at(rows), frame, bound)
    return [*aside, *notices, *([] if made.deviation <= TOLERATED else [_inexact(made.deviation)])]


def remember_shots(parts: Parts, frame: NDArray[np.float64], shot: NDArray[np.int64]) -> None:
    """Keep with the rig which scene frames (K,) belong to which shot (K,) of the clip."""
    if parts.rig is not None:
        shot_actions.remember_shots(parts.rig, frame, shot)


def _inexact(deviation: float) -> Notice:
    return Notice(
        "rig-inexact",
        f"The rig differs from the track by up to {1000 * deviation:.2f} mm: its vertices were changed afterwards.",
        "Import As: Shape Key per Frame shows every frame as it is.",
    )


def has_edits(parts: Parts) -> bool:
    """Whether bones or sliders have been animated by hand, in the track's own curves."""
    return any(edits_of(owner) for owner in (parts.rig, parts.mesh.shape_keys) if owner is not None)


def edits_above(parts: Parts) -> list[tuple[Any, list[Channel]]]:
    """Return what was done by hand to the curves of rig and keys, each with what it is for."""
    owners = [owner for owner in (parts.rig, parts.mesh.shape_keys) if parts.rig is not None and owner is not None]
    owners = [owner for owner in owners if WRITTEN_BELOW not in owner or has_layers(owner)]
    edits = [(owner, edits_of(owner)) for owner in owners]
    return edits if any(channels for _, channels in edits) else []


def lay_above(parts: Parts, edits: list[tuple[Any, list[Channel]]]) -> list[Notice]:
    """Put what was done by hand onto a layer above the new track."""
    rig, key = parts.rig, parts.mesh.shape_keys
    if not edits or rig is None or key is None:
        return []
    action = new_layer(rig, key)
    for owner, channels in edits:
        keyframes.write_channels_on_top(owner, channels)
    return [
        Notice(
            "edits-above",
            f"Curves had been changed by hand; what was changed is now the layer '{action.name}' above the new track.",
            "Delete that action to have the track as it is.",
        )
    ]


def put_aside(parts: Parts) -> tuple[Parts, list[Notice]]:
    """Return the parts without the rig; one that somebody has edited stays, hidden and with a copy of its head."""
    rig = parts.rig
    if rig is None:
        return remove_rig(parts), []
    if not has_layers(rig) and not has_edits(parts):
        return remove_rig(parts), []
    copy: Any = parts.head.copy()
    copy.data = parts.mesh.copy()
    copy.name, rig.name = f"{parts.head.name} edited", f"{rig.name} edited"
    parts.collection.objects.link(copy)
    armature.unbind(parts.head)
    _leave(parts.head, rig, copy)
    for thing in (copy, rig):
        thing.hide_render = thing.hide_viewport = True
    parts = replace(parts, rig=None)
    remember(parts)
    return parts, [
        Notice(
            "edits-kept",
            f"The rig had been animated by hand; it is kept, hidden, as '{rig.name}' with '{copy.name}'.",
            "Show them in the Outliner to go on with them, or delete them.",
        )
    ]


def remove_rig(parts: Parts) -> Parts:
    """Return the parts without a rig: what hung on it hangs on the head, where it is."""
    rig = parts.rig
    if rig is None:
        if armature.unbind(parts.head) and parts.head.parent is None:  # Somebody has deleted the rig.
            parts.head.parent = parts.root
        return parts
    armature.unbind(parts.head)
    _leave(parts.head, rig)
    controls.remove_controls(rig)
    keyframes.remove_animation(rig)
    data: Any = rig.data
    bpy.data.objects.remove(rig)
    if data.users == 0:  # A copy of the user's may have the same bones.
        bpy.data.armatures.remove(data)
    parts = replace(parts, rig=None)
    remember(parts)
    return parts


def _leave(head: bpy.types.Object, rig: bpy.types.Object, staying: bpy.types.Object | None = None) -> None:
    """Take the head off the rig, and with it what hangs there, but for what stays."""
    head.parent = rig.parent
    _put_at_rest(head)
    for child in [each for each in bpy.data.objects if each.parent == rig and each != staying]:
        _hang_on_head(child, head, rig)


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
