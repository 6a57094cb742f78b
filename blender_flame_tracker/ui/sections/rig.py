"""The rig's lines in the panel's last part: to it and back, and layers for edits."""

from __future__ import annotations

from typing import Any

from ...scene.parts import Parts
from ...scene.rig.face_keys import driven_names
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
    column.operator("flame.save_shot_actions", icon="ASSET_MANAGER")
    _draw_sliders(layout, parts)


def _draw_sliders(layout: Any, parts: Parts) -> None:
    """The face's values, to be keyed without leaving the bones."""
    key = parts.mesh.shape_keys
    if key is None:
        return
    header, body = layout.panel("flame_face_sliders", default_closed=True)
    header.label(text="Face Sliders")
    if body is None:
        return
    body.use_property_decorate = True
    column = body.column(align=True)
    driven = driven_names(key)
    for block in key.key_blocks[1:]:
        if block.name not in driven:
            column.prop(block, "value", text=block.name, translate=False)
