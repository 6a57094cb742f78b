"""The panel's second part: which head model, whose identity, and what is known of the camera."""

from __future__ import annotations

from typing import Any

import bpy

from ... import footage
from ...scene_state import active_tree, node_of


def missing(context: bpy.types.Context) -> str:
    """Return why it cannot be used yet."""
    return "" if footage.path_of(context) is not None else "Choose a video first"


def draw(layout: Any, context: bpy.types.Context) -> None:
    """Draw the part."""
    tree = active_tree(context)
    for kind in ("head", "camera"):
        node = node_of(tree, kind, context.scene)
        if node is None:
            continue
        column = layout.column(heading="")
        column.label(text=node.bl_label, icon=node.bl_icon)
        node.draw_settings(column)
