"""Identity in the panel's second part: new, of a track, of several clips, or changed by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import bpy

from ....backend.contract.options import split_paths
from ...identity import editing, following
from ...identity.properties import label_of
from ...nodes.stages.photographs import draw_names
from ...operators.identity import FLAME_MT_identity
from ...operators.identity_change import changeable_import
from ...scene.head.identity_change import edited_head
from ...text import paragraph


class FLAME_UL_identity(bpy.types.UIList):  # noqa: N801 - Blender's rule for names
    """Shapes in which people's heads differ"""

    def draw_item(
        self,
        context: bpy.types.Context | None,
        layout: Any,
        data: Any,
        item: Any,
        icon: int | None,
        active_data: Any,
        active_property: str | None,
        index: int | None = 0,
        flt_flag: int | None = 0,
    ) -> None:
        """Draw one row: name and slider."""
        row = layout.split(factor=0.55)
        row.use_property_split = False
        row.label(text=label_of(item))
        row.prop(item, "value", text="", slider=True)


def draw_identity(layout: Any, context: bpy.types.Context, head: Any) -> None:
    """Draw where the identity comes from, and how it was changed by hand."""
    split = layout.split(factor=0.4)
    label = split.row()
    label.alignment = "RIGHT"
    label.label(text="Identity")
    split.menu(FLAME_MT_identity.__name__, text=name_of_source(head), icon="USER", translate=False)
    if head.identity_clips:
        draw_names(layout, head.identity_clips)
    elif head.identity_track:
        layout.prop(head, "identity_track")
    else:
        layout.prop(head, "identity_track", text="Or From", placeholder="Track or Identity File")
    collection = changeable_import(context)
    if collection is not None:
        _draw_change(layout, context, collection)


def name_of_source(head: Any) -> str:
    """Return what the identity comes from, in a word or two."""
    if head.identity_clips:
        count = len(split_paths(head.identity_clips))
        return "1 Clip" if count == 1 else f"{count} Clips"
    if not head.identity_track:
        return "New"
    return Path(head.identity_track.replace("\\", "/")).parent.name or "Track File"


def _draw_change(layout: Any, context: bpy.types.Context, collection: bpy.types.Collection) -> None:
    """Sliders and sculpting of the head that is in the scene."""
    begun = edited_head(collection) is not None
    header, body = layout.panel("flame_identity_begun" if begun else "flame_identity", default_closed=not begun)
    header.label(text="Changed by Hand")
    if body is None:
        return
    if not begun:
        body.operator("flame.edit_identity", icon="SCULPTMODE_HLT")
        return
    body.use_property_split = False
    sliders = editing.sliders_of(collection)
    if len(sliders.modes) > 0:
        body.template_list("FLAME_UL_identity", "", sliders, "modes", sliders, "chosen", rows=6)
    elif not following.SEARCH.over:
        paragraph(body, context, "The engine tells the shapes of this head...", icon="TIME")
    elif following.SEARCH.failure is not None:
        paragraph(body, context, str(following.SEARCH.failure), icon="INFO")
    row = body.row(align=True)
    sculpting = context.mode == "SCULPT"
    row.operator("flame.sculpt_identity", icon="SCULPTMODE_HLT", depress=sculpting)
    row.operator("flame.give_up_identity", icon="X")
    body.operator("flame.use_changed_identity", icon="CHECKMARK")


CLASSES: Final = (FLAME_UL_identity,)
