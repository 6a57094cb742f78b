"""Objects in the collection of an import that hang on nothing: they drift from the head when the motion is switched."""

from __future__ import annotations

from typing import Any

import bpy

from .parts import Parts
from .rig.bones import HEAD


def loose_objects(parts: Parts) -> list[bpy.types.Object]:
    """Return what the user has put into the collection and parented to nothing. Cheap enough for drawing."""
    ours = {parts.root, parts.head, parts.camera, parts.rig, parts.frames}
    return [each for each in parts.collection.all_objects if each.parent is None and each not in ours]


def hang_on_head(context: bpy.types.Context, parts: Parts, objects: list[bpy.types.Object]) -> None:
    """Parent objects to the head so that they stay where they are on the current frame."""
    context.view_layer.update()
    if parts.rig is not None:
        _hang_on_bone(parts.rig, objects)
        return
    onto = parts.head.matrix_world.inverted()
    for each in objects:
        each.parent = parts.head
        each.matrix_parent_inverse = onto


def _hang_on_bone(rig: bpy.types.Object, objects: list[bpy.types.Object]) -> None:
    """Parent objects to the head's bone, whose space begins at its end, so that they go where an animator turns it."""
    pose: Any = rig.pose
    bone = pose.bones[HEAD]
    end = bone.matrix.copy()
    end.translation = bone.tail
    onto = (rig.matrix_world @ end).inverted()
    for each in objects:
        each.parent, each.parent_type, each.parent_bone = rig, "BONE", HEAD
        each.matrix_parent_inverse = onto
