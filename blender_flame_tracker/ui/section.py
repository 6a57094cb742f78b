"""Section of the panel: what the panel needs to know of each of its parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import bpy

from ..text import paragraph


@dataclass(frozen=True)
class Section:
    """One part of the panel.

    Attributes:
        label: Says the title.
        flag: Property of `Scene.flame` that says whether it is open.
        missing: Says why it cannot be used yet, in a few words; empty when it can.
        draw: Draws what is in it.
        draw_remedy: Draws a button that helps, below the reason why it cannot be used.
    """

    label: Callable[[bpy.types.Context], str]
    flag: str
    missing: Callable[[bpy.types.Context], str]
    draw: Callable[[Any, bpy.types.Context], None]
    draw_remedy: Callable[[Any, bpy.types.Context], None] | None = None


def draw_section(layout: Any, context: bpy.types.Context, section: Section) -> None:
    """Draw one part; one that cannot be used is closed and grey, and says why."""
    reason = section.missing(context)
    if not reason:
        header, body = layout.panel_prop(context.scene.flame, section.flag)
        header.label(text=section.label(context))
        if body is not None:
            body.use_property_split = True
            body.use_property_decorate = False
            section.draw(body, context)
        return
    header, _never = layout.panel_prop(context.scene.flame, "closed")
    header.active = False
    header.label(text=section.label(context))
    column = layout.column()
    grey = column.column()
    grey.active = False
    paragraph(grey, context, reason, icon="BLANK1")
    if section.draw_remedy is not None:
        section.draw_remedy(column, context)
