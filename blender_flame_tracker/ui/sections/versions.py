"""Versions of the track in the panel's last part: the list, and which one is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import bpy

from ....backend.contract.failure import Failure
from ...results import selection
from ...scene.version_list import chosen_version, list_of, versions_of
from ...text import paragraph
from ...versions import activation, comparison


class FLAME_UL_versions(bpy.types.UIList):  # noqa: N801 - Blender's rule for names
    """Versions of a track"""

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
        """Draw one row: whether it is shown, and its name, which a double click edits."""
        row = layout.row(align=True)
        row.use_property_split = False
        shown = item == activation.active_version(item.id_data)
        picture = "RADIOBUT_ON" if shown else "RADIOBUT_OFF"
        row.operator("flame.activate_version", text="", icon=picture, emboss=False).name = item.name
        row.prop(item, "name", text="", emboss=False, translate=False)


def draw_versions(layout: Any, context: bpy.types.Context, found: selection.Result) -> None:
    """Draw the versions of an import, folded away while there is only one."""
    collection = found.collection
    listed = list_of(collection) if collection is not None else None
    if collection is None or listed is None or not listed.items:
        return
    several = len(listed.items) > 1
    header, body = layout.panel("flame_versions" if several else "flame_version", default_closed=not several)
    header.label(text=f"Versions ({len(listed.items)})")
    if body is None:
        return
    body.use_property_split = False
    row = body.row()
    row.template_list("FLAME_UL_versions", "", listed, "items", listed, "row", rows=4 if several else 2)
    buttons = row.column(align=True)
    buttons.operator("flame.add_version", text="", icon="ADD")
    buttons.operator("flame.remove_version", text="", icon="REMOVE")
    buttons.operator("flame.duplicate_version", text="", icon="DUPLICATE")
    version = chosen_version(collection)
    if version is not None:
        paragraph(body, context, _words(collection, version), icon="BLANK1")
    if several:
        _draw_comparison(body, context, collection)


def _draw_comparison(layout: Any, context: bpy.types.Context, collection: bpy.types.Collection) -> None:
    """Switch and slider, and how far the two are apart on this frame."""
    listed = list_of(collection)
    assert listed is not None
    row = layout.row(align=True)
    row.prop(listed, "compare", text="" if listed.compare else "Compare", icon="UV_SYNC_SELECT", toggle=True)
    if not listed.compare:
        return
    row.prop(listed, "share", text="", slider=True)
    heads = comparison.compared(collection)
    column = layout.column(align=True)
    if isinstance(heads, Failure):
        paragraph(column, context, str(heads), icon="INFO")
        return
    shown, chosen = activation.active_version(collection), chosen_version(collection)
    ends = column.split(factor=0.5)
    ends.label(text="" if shown is None else shown.name, translate=False)
    right = ends.row()
    right.alignment = "RIGHT"
    right.label(text="" if chosen is None else chosen.name, translate=False)
    found = comparison.difference_of(collection)
    apart = found.at(context.scene.frame_current) if found is not None else None
    words = "The two have no frame here" if apart is None else f"Apart {apart[0]:.1f} mm, at most {apart[1]:.1f} mm"
    row = column.row(align=True)
    row.label(text=words)
    row.operator("flame.jump_to_difference", text="", icon="FORWARD")


def _words(collection: bpy.types.Collection, version: Any) -> str:
    """Say which file a version is, and what it was made from."""
    maker = activation.maker_of(collection, version)
    return f"{Path(version.file).name}{f', made from {maker}' if maker else ''}"


def shown_name(collection: bpy.types.Collection | None) -> str:
    """Return the name of the version that an import shows where it has several; else nothing."""
    if collection is None or len(versions_of(collection)) < 2:
        return ""
    version = activation.active_version(collection)
    return version.name if version is not None else ""


CLASSES: Final = (FLAME_UL_versions,)
