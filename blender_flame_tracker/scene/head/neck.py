"""Mask that hides the neck: nothing of the mesh is lost, and it can be switched off."""

from __future__ import annotations

from typing import Any, Final

import bpy

from .mesh import Shape

HIDDEN: Final = "hidden neck"
"""Vertex group and modifier; both go when the neck is wanted again."""
REGIONS: Final = ("neck", "boundary")
"""Names of FLAME's own masks."""


def write_neck(head: bpy.types.Object, shape: Shape, *, hidden: bool) -> None:
    """Hide the neck behind a mask, or take the mask of an earlier import away.

    A modifier that is there already keeps its place in the stack and its settings.
    """
    modifier: Any = head.modifiers.get(HIDDEN)
    group = head.vertex_groups.get(HIDDEN)
    if group is not None:
        head.vertex_groups.remove(group)
    neck = sorted({vertex for name in REGIONS for vertex in shape.regions.get(name, ())})
    if not hidden or not neck:
        if modifier is not None:
            head.modifiers.remove(modifier)
        return
    head.vertex_groups.new(name=HIDDEN).add(neck, 1.0, "REPLACE")
    if modifier is None:
        modifier = head.modifiers.new(HIDDEN, "MASK")
        modifier.invert_vertex_group = True
    modifier.vertex_group = HIDDEN
