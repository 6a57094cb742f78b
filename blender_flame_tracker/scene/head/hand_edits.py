"""Copies of shape keys that somebody has worked on by hand, so that importing again loses none of it."""

from __future__ import annotations

import zlib
from typing import Any, Final

import bpy
import numpy as np

from ....backend.contract.failure import Notice
from ..parts import Parts
from ..rig.face_keys import is_rig_face, written_names
from ..stored import stored

WRITTEN: Final = "flame_keys"
"""Custom property of the collection: what the shape keys were like when they were written."""


def remember_keys(parts: Parts) -> None:
    """Take note of the shape keys as they were just written."""
    parts.collection[WRITTEN] = _look(parts.mesh)


def forget_keys(parts: Parts) -> None:
    """Take note that the shape keys are not as any import has written them."""
    parts.collection[WRITTEN] = "by hand"


def kept_edits(parts: Parts) -> list[Notice]:
    """Keep the head on a hidden copy where its shape keys are not as they were written, and say so."""
    written = stored(parts.collection, WRITTEN, str)
    if not written or written == _look(parts.mesh):
        return []
    if parts.mesh.shape_keys is None:  # Deleted by hand, or with the head, which is a new one then.
        return []
    copy: Any = parts.head.copy()
    mesh: Any = parts.mesh.copy()
    copy.data = mesh
    copy.name = f"{parts.head.name} edited"
    for owner in (copy, mesh.shape_keys):
        animation = owner.animation_data if owner is not None else None
        if animation is not None and animation.action is not None:
            animation.action = animation.action.copy()
    copy.hide_render = copy.hide_viewport = True
    parts.collection.objects.link(copy)
    return [
        Notice(
            "edits-kept",
            f"The shape keys had been changed by hand; they are kept on a hidden copy of the head, '{copy.name}'.",
            "Show it in the Outliner to take your changes over, or delete it.",
        )
    ]


def _look(mesh: bpy.types.Mesh) -> str:
    """Return as a short text what the shape keys of a mesh are like: their names and where their points lie."""
    if mesh.shape_keys is None:
        return "none"
    blocks = list(mesh.shape_keys.key_blocks)
    if is_rig_face(mesh):  # Its other keys are the user's and stay.
        ours = set(written_names(mesh.shape_keys))
        blocks = [block for block in blocks if block.name in ours]
    points, found = np.empty(3 * len(mesh.vertices), dtype=np.float32), 0
    for key in blocks:
        # Not `data`: the typed collection is read at once, a hundred times faster.
        key.points.foreach_get("co", points)
        found = zlib.crc32(points.tobytes(), zlib.crc32(key.name.encode("utf-8"), found))
    return f"{len(blocks)} {found:08x}"
