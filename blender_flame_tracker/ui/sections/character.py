"""The panel's part Character: who plays the performance, what of it, and what came of it."""

from __future__ import annotations

from typing import Any, Final

import bpy

from ...nodes.stages.retarget import OF_HEAD, draw_regions, matters
from ...results import selection
from ...retarget import playing
from ...retarget.behind import is_behind
from ...retarget.checking.check_panel import draw_check
from ...retarget.checking.report import BAD, GOOD, NOTE, Report
from ...retarget.properties import holder_in
from ...retarget.recognising.candidates import can_be, character_in
from ...text import paragraph
from . import arkit_shapes

_ICONS: Final = {GOOD: "CHECKMARK", NOTE: "BLANK1", BAD: "ERROR"}


def missing(context: bpy.types.Context) -> str:
    """Return why it cannot be used yet; a file of another program needs no track."""
    # The rig of a track plays its own performance where someone chooses it.
    if any(thing.type == "ARMATURE" or can_be(thing) for thing in context.scene.objects):
        return ""
    return "Bring a character with shape keys or bones into the scene"


def draw(layout: Any, context: bpy.types.Context) -> None:
    """Draw the part."""
    holder = holder_in(context)
    thing = character_in(context)
    layout.prop(holder, "character")
    if holder.character is None:
        text = "Choose the character's face or armature." if thing is None else f"Uses '{thing.name}'."
        paragraph(layout, context, text, icon="INFO")
    if thing is not None:
        header, body = layout.panel("flame_character_check")
        header.label(text="Check")
        if body is not None:
            draw_check(body, thing)
    _draw_source(layout, context, holder)
    _draw_options(layout, holder)
    row = layout.row()
    row.scale_y = 1.3
    row.enabled = thing is not None
    row.operator("flame.retarget", icon="ARMATURE_DATA")
    if thing is not None:
        if is_behind(thing):
            text = "The track was changed since: apply it again, and the character follows."
            paragraph(layout, context, text, icon="ERROR")
        layout.operator("flame.view_face", icon="ZOOM_SELECTED")
        report = playing.report_on(thing)
        _draw_report(layout, context, report)
        if report is not None:
            layout.operator_menu_enum("flame.export_character", "target", icon="EXPORT")
    arkit_shapes.draw_offer(layout, context)


def _draw_source(layout: Any, context: bpy.types.Context, holder: Any) -> None:
    """Where the performance comes from: a node's is what is linked to it."""
    is_node = isinstance(holder, bpy.types.Node)
    if not is_node:
        layout.prop(holder, "source", placeholder="From the track")
    if (is_node or not holder.source) and selection.chosen(context) is None:
        paragraph(layout, context, "Track a video first, or choose a file of Live Link Face.", icon="INFO")
    elif matters(holder, "start_at"):
        layout.prop(holder, "start_at")
        layout.prop(holder, "speed")


def _draw_options(layout: Any, holder: Any) -> None:
    draw_regions(layout, holder)
    header, body = layout.panel("flame_character_options", default_closed=True)
    header.label(text="Options")
    if body is None:
        return
    for name in ("frames", "existing", *OF_HEAD):
        if matters(holder, name):
            body.prop(holder, name)


def _draw_report(layout: Any, context: bpy.types.Context, report: Report | None) -> None:
    """What came of it last."""
    if report is None:
        return
    box = layout.box()
    for line in report.lines:
        paragraph(box, context, line.text, icon=_ICONS[line.level], narrower=20.0)
    header, body = layout.panel("flame_character_channels", default_closed=True)
    header.label(text="Channels")
    if body is not None:
        for label, names in report.channels.items():
            paragraph(body, context, f"{label}: {', '.join(names) or 'none'}.")
