"""Versions of the track in the panel's last part: the list, and which one is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import bpy

from ...results import selection
from ...scene.version_list import list_of, versions_of
from ...text import paragraph
from ...versions import activation


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
    kept = list_of(collection) if collection is not None else None
    if collection is None or kept is None or not kept.items:
        return
    several = len(kept.items) > 1
    header, body = layout.panel("flame_versions" if several else "flame_version", default_closed=not several)
    header.label(text=f"Versions ({len(kept.items)})")
    if body is None:
        return
    body.use_property_split = False
    row = body.row()
    row.template_list("FLAME_UL_versions", "", kept, "items", kept, "row", rows=4 if several else 2)
    buttons = row.column(align=True)
    buttons.operator("flame.add_version", text="", icon="ADD")
    buttons.operator("flame.remove_version", text="", icon="REMOVE")
    buttons.operator("flame.duplicate_version", text="", icon="DUPLICATE")
    version = activation.chosen_version(collection)
    if version is not None:
        paragraph(body, context, _words(collection, version), icon="BLANK1")


def _words(collection: bpy.types.Collection, version: Any) -> str:
    """Say which file a version is, and what it was made from."""
    maker = activation.maker_of(collection, version)
    return f"{Path(version.file).name}{f', made from {maker}' if maker else ''}."


def shown_name(collection: bpy.types.Collection | None) -> str:
    """Return the name of the version that an import shows where it has several; else nothing."""
    if collection is None or len(versions_of(collection)) < 2:
        return ""
    version = activation.active_version(collection)
    return version.name if version is not None else ""


CLASSES: Final = (FLAME_UL_versions,)
