"""The rig's lines in the panel's last part: to it and back, and layers for edits."""

from __future__ import annotations

from typing import Any

from ...scene.parts import Parts
from ...scene.rig.layers import layer_names


def draw_rig(layout: Any, parts: Parts) -> None:
    """Draw what can be done with a head that has a rig, or could have one."""
    if parts.rig is None:
        layout.operator("flame.convert_to_rig", icon="ARMATURE_DATA")
        return
    column = layout.column(align=True)
    column.operator("flame.new_edit_layer", icon="NLA_PUSHDOWN")
    names = layer_names(parts.rig)
    if names:
        column.label(text=f"Edits: {', '.join(names)}", icon="BLANK1", translate=False)
    column.operator("flame.convert_to_shape_keys", icon="SHAPEKEY_DATA")
