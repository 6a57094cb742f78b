"""Mesh with a shape key per frame beside a rig, hidden: what was tracked, to compare edits with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import bpy

from .. import keyframes
from ..parts import Parts, remember
from . import mesh as head_data
from .shape_keys import FrameKeys, write_frame_keys


def write_frames(parts: Parts, shape: head_data.Shape, frames: FrameKeys, name: str) -> Parts:
    """Return the parts with a mesh that shows each frame as it was tracked, made where it is not there."""
    made = parts.frames
    if made is None:
        made = bpy.data.objects.new(f"{name} as tracked", bpy.data.meshes.new(f"{name} as tracked"))
        made.hide_viewport = made.hide_render = True
    if made.name not in parts.collection.all_objects:
        parts.collection.objects.link(made)
    made.parent = parts.carrier
    made.matrix_parent_inverse.identity()
    mesh: Any = made.data
    if mesh.shape_keys is not None:
        keyframes.remove_animation(mesh.shape_keys)
        made.shape_key_clear()
    if head_data.write_mesh(mesh, shape):
        for material in parts.mesh.materials:
            mesh.materials.append(material)
        indices = [0] * len(mesh.polygons)
        parts.mesh.polygons.foreach_get("material_index", indices)
        mesh.polygons.foreach_set("material_index", indices)
    write_frame_keys(made, frames, f"{name} keys")
    parts = replace(parts, frames=made)
    remember(parts)
    return parts


def remove_frames(parts: Parts) -> Parts:
    """Return the parts without that mesh."""
    if parts.frames is None:
        return parts
    mesh: Any = parts.frames.data
    if mesh.shape_keys is not None:
        keyframes.remove_animation(mesh.shape_keys)
    bpy.data.objects.remove(parts.frames)
    if mesh.users == 0:
        bpy.data.meshes.remove(mesh)
    parts = replace(parts, frames=None)
    remember(parts)
    return parts
