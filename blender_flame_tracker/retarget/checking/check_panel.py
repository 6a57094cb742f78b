"""Check of a character in the panel: the button, its report, and the table of the mapping."""

from __future__ import annotations

from typing import Any

import bpy

from ..mapping.mapping_group import group_of
from ..mapping.mapping_list import draw_mapping
from .check_report import draw_report, known_holder, report_of


def draw_check(layout: Any, thing: bpy.types.Object) -> None:
    """Draw what belongs to the character of an object.

    Args:
        layout: Of the panel.
        thing: Anything of the character.
    """
    checked = report_of(thing)
    label = "Check Character" if checked is None else "Check Again"
    layout.operator("flame.check_character", text=label, icon="VIEWZOOM").character = thing.name
    holder = known_holder(thing)
    if checked is not None:
        draw_report(layout, checked)
        file_holder = holder or thing
        if group_of(file_holder).vrm_file or any(".vrm" in row.advice for row in checked.rows):
            layout.prop(group_of(file_holder), "vrm_file")
    if holder is None:
        return
    header, body = layout.panel("flame_character_mapping", default_closed=True)
    header.label(text=f"Mapping: {group_of(holder).kind}", translate=False)
    if body is not None:
        draw_mapping(body, holder)
        again = body.operator("flame.check_character", text="Map Anew", icon="FILE_REFRESH")
        again.character, again.anew = thing.name, True
