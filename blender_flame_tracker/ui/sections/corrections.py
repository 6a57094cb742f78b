"""The panel's part for what is put right by hand: pinned frames."""

from __future__ import annotations

from typing import Any

import bpy

from ...nodes.scene_state import flame_of
from ...pinning.pinned_frames import changed_around, pinned_at, placed_of
from ...results import selection
from ...scene.corrections import read_corrections
from ...text import paragraph


def missing(context: bpy.types.Context) -> str:
    """Return why nothing can be put right yet, empty where it can."""
    found = selection.chosen(context)
    return "Import a track first" if found is None or found.collection is None else ""


def draw(layout: Any, context: bpy.types.Context) -> None:
    """Draw the part."""
    found = selection.chosen(context)
    if found is None or found.collection is None or context.scene is None:
        return
    row = layout.row()
    row.scale_y = 1.3
    row.operator("flame.pin_head", icon="PINNED")
    layout.prop(flame_of(context.scene), "pin_part", text="Drags Move")
    _draw_frames(layout, context, found, context.scene.frame_current)


def _draw_frames(layout: Any, context: bpy.types.Context, found: selection.Result, frame: int) -> None:
    """How many frames are pinned, ways to them, and what this one is."""
    every = read_corrections(found.collection).pinned
    count = len(every)
    column = layout.column(align=True)
    row = column.row(align=True)
    row.label(text=f"{count or 'No'} pinned frame{'' if count == 1 else 's'}", icon="KEYTYPE_KEYFRAME_VEC")
    row.operator("flame.jump_to_pinned_frame", text="", icon="PREV_KEYFRAME").direction = "PREVIOUS"
    row.operator("flame.jump_to_pinned_frame", text="", icon="NEXT_KEYFRAME").direction = "NEXT"
    if count == 0:
        return
    facts = selection.facts_of(found)
    if facts is not None and facts.quality is not None and facts.quality.pinned != every:
        paragraph(column, context, "What is shown was made without them.", icon="INFO")
        column.operator("flame.apply_pins", icon="FILE_REFRESH")
    placed = placed_of(found, facts)
    pinned = None if placed is None else pinned_at(found, placed, frame)
    # Always drawn: else what is below would jump while the timeline is scrubbed.
    row = column.row(align=True)
    row.use_property_split = False
    row.active = pinned is not None
    for hardness, text in (("hard", "Hard"), ("soft", "Soft")):
        is_so = pinned is not None and pinned.hardness == hardness
        row.operator("flame.set_pinned_frame", text=text, depress=is_so).hardness = hardness
    reach = "" if pinned is None else "automatic" if pinned.reach < 0 else f"{pinned.reach} frames"
    if pinned is not None and placed is not None and facts is not None and facts.quality is not None:
        # What is shown may have been made with other pins; the range is then another, too.
        around = changed_around(facts.quality, placed, pinned.frame) if facts.quality.pinned == every else None
        reach += "" if around is None else f", {around[0]} to {around[1]}"
    row = column.row(align=True)
    row.operator("flame.set_pinned_frame", text=f"Reach: {reach}" if reach else "This Frame Is Not Pinned")
    row = column.row(align=True)
    row.operator("flame.remove_pinned_frame")
    row.operator("flame.clear_all_pins")
    column.operator("flame.clear_pins_between")
    row = layout.row(align=True)
    row.operator("flame.refine_pins", icon="MOD_SMOOTH").between = False
    row.operator("flame.refine_pins", text="Refine Between").between = True
