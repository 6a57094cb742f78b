"""Table of a character's mapping: which shape keys, controls and bones follow what, and how strongly."""

from __future__ import annotations

from fnmatch import fnmatch
from typing import Any, Final

import bpy

from ....backend.contract.performance.channels import region_of
from ....backend.contract.performance.characters.spellings import plain
from .mapping_group import CONTROL, JOINT, SHAPE, SURFACE, group_of

_ICONS: Final = {CONTROL: "POSE_HLT", JOINT: "BONE_DATA", SURFACE: "SURFACE_DATA"}


class FLAME_UL_mapping(bpy.types.UIList):  # noqa: N801 - Blender's rule for names
    """Rows of a mapping"""

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
        """Draw one row: whether it is used, what is driven, by what, how strongly."""
        row = layout.row(align=True)
        # The panel's settings reach into the list: split labels would leave its fields no room.
        row.use_property_split = False
        row.use_property_decorate = False
        row.prop(item, "use", text="")
        split = row.split(factor=0.78)
        split.active = item.use
        # Shape keys are most rows: without a picture there is room for Left and Right at the end of their names.
        split.label(text=_text(item), icon=_ICONS.get(item.kind, "NONE"), translate=False)
        split.prop(item, {JOINT: "share", SURFACE: "factor"}.get(item.kind, "gain"), text="")

    def filter_items(self, context: bpy.types.Context | None, data: Any, property: str | None) -> Any:  # noqa: A002
        """Show the rows whose names, channels or regions the text is in; the order is the mapping's."""
        rows = getattr(data, property or "rows")
        text = self.filter_name.lower()
        if not text:
            return [], []
        pattern = text if any(each in text for each in "*?[") else f"*{text}*"
        shown = [any(fnmatch(word.lower(), pattern) for word in _words(row)) for row in rows]
        return [self.bitflag_filter_item if each else 0 for each in shown], []


def _text(row: Any) -> str:
    """What is driven, and by what, unless its name says so; a sidebar has room for some twenty letters."""
    if row.kind == SURFACE:
        return row.target
    if row.kind == JOINT:
        followed = row.joint.replace("_", " ")
    else:
        followed = row.parts[0].channel if len(row.parts) == 1 else f"{len(row.parts)} channels"
    return row.target if plain(followed) in plain(row.target) else f"{row.target}: {followed}"


def _words(row: Any) -> list[str]:
    if row.kind in (SHAPE, CONTROL):
        channels = [part.channel for part in row.parts]
        return [row.name, *channels, *(region_of(channel) for channel in channels)]
    return [row.name, row.joint if row.kind == JOINT else "surface"]


def draw_mapping(layout: Any, holder: bpy.types.Object) -> None:
    """Draw the table of the mapping that an object holds, and the active row in full below it."""
    group = group_of(holder)
    row = layout.row()
    row.template_list("FLAME_UL_mapping", "", group, "rows", group, "active", rows=5)
    buttons = row.column(align=True)
    buttons.operator("flame.add_mapping_row", text="", icon="ADD").holder = holder.name
    buttons.operator("flame.remove_mapping_row", text="", icon="REMOVE").holder = holder.name
    if group.active < len(group.rows):
        _draw_row(layout.box().column(), holder, group.rows[group.active])
    layout.operator("flame.remember_mapping", text="Remember for This Kind", icon="FILE_TICK").holder = holder.name
    files = layout.row(align=True)
    files.operator("flame.save_mapping", text="Save", icon="EXPORT").holder = holder.name
    files.operator("flame.load_mapping", text="Load", icon="IMPORT").holder = holder.name


def _draw_row(layout: Any, holder: bpy.types.Object, row: Any) -> None:
    layout.use_property_split = True
    layout.use_property_decorate = False
    layout.prop(row, "kind")
    layout.prop(row, "thing")
    _draw_target(layout, row)
    if row.kind == JOINT:
        layout.prop(row, "joint")
        layout.prop(row, "share")
        return
    if row.kind == SURFACE:
        for name in ("landmarks", "order", "factor"):
            layout.prop(row, name)
        return
    if row.kind == CONTROL:
        layout.prop(row, "path")
        layout.prop(row, "property_name" if row.path == "property" else "index")
    for index, part in enumerate(row.parts):
        line = layout.row(align=True)
        line.use_property_split = False
        line.prop(part, "channel", text="")
        line.prop(part, "factor", text="")
        remove = line.operator("flame.remove_mapping_channel", text="", icon="X")
        remove.holder, remove.index = holder.name, index
    layout.operator("flame.add_mapping_channel", icon="ADD").holder = holder.name
    limits = layout.row(align=True)
    limits.use_property_split = False
    limits.prop(row, "low")
    limits.prop(row, "high")
    if row.kind == SHAPE:
        layout.prop(row, "is_binary")


def _draw_target(layout: Any, row: Any) -> None:
    """Field of a key's or bone's name, with the object's names to choose from."""
    data: Any = row.thing.data if row.thing is not None else None
    if row.kind == SHAPE and getattr(data, "shape_keys", None) is not None:
        layout.prop_search(row, "target", data.shape_keys, "key_blocks", text="Shape Key")
    elif row.kind != SHAPE and row.thing is not None and row.thing.type == "ARMATURE":
        layout.prop_search(row, "target", data, "bones", text="Bone")
    else:
        layout.prop(row, "target")


CLASSES: Final = (FLAME_UL_mapping,)
