"""Armature of a head: its bones at rest, their colours and collections, and the mesh that follows them."""

from __future__ import annotations

from typing import Any, Final

import bpy
import numpy as np
from mathutils import Vector
from numpy.typing import NDArray

from ....backend.contract.camera import BLENDER_WORLD_FROM_FLAME, blender_points
from . import bones
from .bones import Array, Rest
from .controls import write_controls
from .decomposition import RigShape
from .editing import edit_bones

MODIFIER: Final = "Rig"
_COLOURS: Final = {
    bones.ROOT: "THEME09",
    bones.NECK: "THEME09",
    bones.HEAD: "THEME09",
    bones.JAW: "THEME03",
    bones.LEFT_EYE: "THEME04",
    bones.RIGHT_EYE: "THEME01",
}
"""Blender's own palettes: yellow in the middle, green for the jaw, blue on the left, red on the right."""
_COLLECTIONS: Final = {"Body": (bones.ROOT, bones.NECK, bones.HEAD), "Face": (bones.JAW, *bones.NAMES[4:])}


def write_bones(rig: bpy.types.Object, shape: RigShape) -> None:
    """Give an armature the bones of a head at rest; bones that the user has added stay."""
    with edit_bones(rig) as edited:
        for rest in shape.bones:
            _write_bone(edited.get(rest.name) or edited.new(rest.name), rest, edited)
    pose: Any = rig.pose
    armature: Any = rig.data
    for rest in shape.bones:
        pose.bones[rest.name].rotation_mode = "QUATERNION"
        bone = armature.bones[rest.name]
        if bone.color.palette == "DEFAULT":
            bone.color.palette = _COLOURS[rest.name]
    for name, members in _COLLECTIONS.items():
        if name in armature.collections:
            continue
        collection = armature.collections.new(name)
        for member in members:
            collection.assign(armature.bones[member])
    write_controls(rig, shape)


def _write_bone(bone: Any, rest: Rest, edited: Any) -> None:
    bone.head, bone.tail = (Vector(blender_points(end).tolist()) for end in (rest.start, rest.end))
    bone.align_roll(Vector(blender_points(rest.front).tolist()))
    bone.parent = edited.get(bones.PARENTS[rest.name])
    bone.use_connect, bone.use_deform = False, True
    bone.use_inherit_rotation, bone.use_local_location, bone.inherit_scale = True, True, "FULL"


def bone_axes(rig: bpy.types.Object) -> Array:
    """Return the axes of each bone at rest as columns, in head axes (6, 3, 3)."""
    armature: Any = rig.data
    axes = [np.array(armature.bones[name].matrix_local.to_3x3(), dtype=np.float64) for name in bones.NAMES]
    return np.asarray(BLENDER_WORLD_FROM_FLAME.T @ np.array(axes))


def bind(head: bpy.types.Object, rig: bpy.types.Object, weights: NDArray[np.float32]) -> None:
    """Let a mesh follow the bones by weight (V, 6), as FLAME's skinning does."""
    for index, name in enumerate(bones.NAMES):
        group = head.vertex_groups.get(name)
        if group is not None:
            head.vertex_groups.remove(group)
        group = head.vertex_groups.new(name=name)
        vertices = np.flatnonzero(weights[:, index])
        values, member = np.unique(weights[vertices, index], return_inverse=True)
        for value, among in enumerate(_by_member(vertices, member) if len(vertices) else ()):
            group.add(among.tolist(), float(values[value]), "REPLACE")
    modifier: Any = head.modifiers.get(MODIFIER)
    if modifier is None or modifier.type != "ARMATURE":
        modifier = head.modifiers.new(MODIFIER, "ARMATURE")
        # Before masks and subdivision: those are to see the posed head.
        head.modifiers.move(len(head.modifiers) - 1, 0)
    modifier.object = rig
    modifier.use_vertex_groups, modifier.use_bone_envelopes = True, False
    # FLAME blends linearly.
    modifier.use_deform_preserve_volume = False


def _by_member(vertices: NDArray[np.int64], member: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Vertices (V,) sorted into the groups 0, 1, … that each is a member of (V,)."""
    return np.split(vertices[np.argsort(member, kind="stable")], np.cumsum(np.bincount(member))[:-1])


def unbind(head: bpy.types.Object) -> bool:
    """Take modifier and weights of a rig off a mesh; return whether it had any."""
    modifier = head.modifiers.get(MODIFIER)
    if modifier is None or modifier.type != "ARMATURE":
        return False
    head.modifiers.remove(modifier)
    for name in bones.NAMES:
        group = head.vertex_groups.get(name)
        if group is not None:
            head.vertex_groups.remove(group)
    return True
