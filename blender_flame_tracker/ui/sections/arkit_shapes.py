"""The way from a head without shapes to one with ARKit's, in the panel's part Character."""

from __future__ import annotations

from typing import Any, Final

import bpy

from ...operators.arkit_shapes import head_in
from ...retarget.recognising.candidates import can_be
from ...scene.head.face_points import points_of
from ...scene.parts import is_import
from ...text import paragraph

_FEWEST: Final = 100
"""Vertices of a mesh that could be a face: nobody takes the cube of a new scene for one."""


def draw_remedy(layout: Any, context: bpy.types.Context) -> None:
    """Draw the three steps where nothing in the scene has shapes or bones, but a mesh that may be a face is active."""
    head = head_in(context)
    if head is None or any(map(is_import, head.users_collection)):
        return
    if points_of(head) or len(head.data.vertices) >= _FEWEST:
        paragraph(layout, context, f"Or give '{head.name}' the shapes that it lacks:")
        _draw_steps(layout, context)


def draw_offer(layout: Any, context: bpy.types.Context) -> None:
    """Draw the three steps, folded away, if the selected mesh is no character yet, beside one that is."""
    head = head_in(context)
    if head is None or (can_be(head) and not points_of(head)) or any(map(is_import, head.users_collection)):
        return
    header, body = layout.panel("flame_arkit_shapes", default_closed=True)
    header.label(text="Head without Shapes")
    if body is not None:
        _draw_steps(body, context)


def _draw_steps(layout: Any, context: bpy.types.Context) -> None:
    points = points_of(head_in(context))
    paragraph(layout, context, "Select eyes, teeth, tongue and lashes, and the face last.", icon="INFO")
    column = layout.column(align=True)
    column.operator("flame.place_face_points", icon="EMPTY_DATA")
    column.operator("flame.pick_face_points", icon="RESTRICT_SELECT_OFF")
    if points:
        paragraph(layout, context, "Drag the points to the features that they name.", icon="INFO")
    row = layout.row()
    row.enabled = bool(points)
    row.operator("flame.make_arkit_shapes", icon="SHAPEKEY_DATA")
