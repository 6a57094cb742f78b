"""Exclusions in the panel's part Track: frames, parts of the face, parts of the picture."""

from __future__ import annotations

from typing import Any

import bpy

from ....backend.contract.correction_settings import parse_frames
from ....backend.contract.failure import Failure
from ...nodes.source_frames import frame_map
from ...operators.exclude import FRAMES, exclude_node, frames_of
from ...text import paragraph


def draw_excluded(layout: Any, context: bpy.types.Context, enabled: bool) -> None:
    """Draw what is left out, where the Exclude stage is part of the work."""
    node = exclude_node(context)
    if node is None or node.mute:
        return
    header, body = layout.panel("flame_leave_out")
    header.label(text="Leave Out")
    if body is None:
        return
    body.enabled = enabled
    body.use_property_split = False
    _draw_frames(body, context, node)
    body.label(text="Parts of the Face")
    body.grid_flow(columns=2, align=True, even_columns=True).prop(node, "regions", expand=True)
    body.label(text="Parts of the Picture")
    body.template_ID(node, "mask", new="flame.new_mask")
    row = body.row(align=True)
    row.operator("flame.draw_area", icon="GREASEPENCIL")
    row.operator("flame.key_area", icon="KEY_HLT")
    column = body.column(align=True)
    column.prop(node, "matte", text="", placeholder="Matte")
    if node.matte:
        column.prop(node, "matte_inverted")


def _draw_frames(layout: Any, context: bpy.types.Context, node: Any) -> None:
    """Buttons that leave frames out, and a line for each range, with the frames of the scene."""
    layout.label(text="Frames")
    row = layout.row(align=True)
    for what, label, _words in FRAMES:
        row.operator("flame.exclude_frames", text=label.removesuffix(" Frame").removesuffix(" Range")).what = what
    problem = parse_frames(node.frames)
    if isinstance(problem, Failure):
        paragraph(layout, context, str(problem), icon="ERROR")
        return
    placed, column = frame_map(node, context.scene), layout.column(align=True)
    for index, each in enumerate(frames_of(node)):
        first, last = placed.scene(each.first), placed.scene(each.last)
        line = column.row(align=True)
        line.label(text=f"{first}" if first == last else f"{first} to {last}", icon="KEYFRAME", translate=False)
        line.operator("flame.include_frames", text="", icon="X", emboss=False).index = index
