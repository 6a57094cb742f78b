"""Clips for a batch in its part of the panel: the list with a person for each, and the way to start."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import bpy

from ....backend.contract.footage import VIDEO_SUFFIXES, is_picture
from ...tracking.batch_list import list_of


class FLAME_UL_batch(bpy.types.UIList):  # noqa: N801 - Blender's rule for names
    """Clips for a batch"""

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
        """Draw one row: the clip's name, and the person in it."""
        row = layout.split(factor=0.55)
        row.use_property_split = False
        path = Path(item.path)
        row.label(text=path.name, icon=_icon_of(path), translate=False)
        person = row.row()
        person.active = not data.all_faces
        person.prop(item, "person", text="", placeholder="Person")


def _icon_of(path: Path) -> str:
    if is_picture(path):
        return "RENDERLAYERS"
    return "FILE_MOVIE" if path.suffix.lower() in VIDEO_SUFFIXES else "FILE_FOLDER"


def draw_list(layout: Any, scene: bpy.types.Scene) -> None:
    """Draw the list, folded away while it is empty."""
    listed = list_of(scene)
    count = len(listed.clips)
    header, body = layout.panel("flame_batch_clips" if count else "flame_batch_no_clips", default_closed=not count)
    header.label(text=f"List of Clips ({count})" if count else "List of Clips")
    if body is None:
        return
    row = body.row()
    row.template_list("FLAME_UL_batch", "", listed, "clips", listed, "row", rows=5 if count else 3)
    buttons = row.column(align=True)
    buttons.operator_context = "INVOKE_DEFAULT"
    buttons.operator("flame.add_batch_clips", text="", icon="ADD")
    buttons.operator("flame.remove_batch_clip", text="", icon="REMOVE")
    buttons.operator("flame.clear_batch_clips", text="", icon="X")
    column = body.column()
    column.use_property_split = True
    column.use_property_decorate = False
    for name in ("results", "workers", "all_faces"):
        column.prop(listed, name)
    body.operator("flame.start_batch_list", icon="PLAY")


CLASSES: Final = (FLAME_UL_batch,)
