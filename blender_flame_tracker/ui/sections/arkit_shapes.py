"""The way from a head without shapes to one with ARKit's, in the panel's part Character."""

from __future__ import annotations

from typing import Any

import bpy

from ...operators.arkit_shapes import head_in
from ...scene.face_points import points_of
from ...text import paragraph


def draw_remedy(layout: Any, context: bpy.types.Context) -> None:
    """Draw it where no object of the scene has shapes or bones, but a mesh is selected."""
    if head_in(context) is not None:
        draw(layout, context)


def draw(layout: Any, context: bpy.types.Context) -> None:
    """Draw the three steps."""
    head = head_in(context)
    if head is None:
        paragraph(layout, context, "Select eyes, teeth, tongue and lashes, and the face last.", icon="INFO")
        return
    points = points_of(head)
    column = layout.column(align=True)
    column.operator("flame.place_face_points", icon="EMPTY_DATA")
    column.operator("flame.pick_face_points", icon="RESTRICT_SELECT_OFF")
    if points:
        paragraph(layout, context, "Drag the points to the features that they name.", icon="INFO")
    row = layout.row()
    row.enabled = bool(points)
    row.operator("flame.make_arkit_shapes", icon="SHAPEKEY_DATA")
