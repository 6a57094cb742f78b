"""The sidebar of the node editor: running the tree, and the active node with its settings and its result."""

from __future__ import annotations

from typing import Any, Final

import bpy

from ...backend.contract.supervision.run_state import RunState
from ..names import TAB
from ..nodes import drawing, reading, run_registry
from ..nodes.state import status_of
from ..nodes.tree import shows_our_tree
from ..text import paragraph, room_in
from ..tracking import runs


class _Sidebar:
    bl_space_type = "NODE_EDITOR"
    bl_region_type = "UI"
    bl_category = TAB

    layout: Any


class FLAME_PT_tree(_Sidebar, bpy.types.Panel):  # noqa: N801 - Blender's rule for names
    """The tree as a whole"""

    bl_label = "Tree"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need an editor of our trees."""
        return shows_our_tree(context)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw what starts and stops it, and how the last run ended."""
        layout, tree = self.layout, context.space_data.edit_tree
        run = run_registry.run_of(tree)
        column = layout.column(align=True)
        column.scale_y = 1.3
        if tree is None:
            paragraph(layout, context, "There is no tree here yet.", icon="INFO")
            layout.operator("flame.new_tree", icon="ADD")
            return
        if run is not None and not run.state.final:
            column.operator("flame.cancel", text="Cancel (ESC)", icon="CANCEL")
            paragraph(layout, context, runs.silence_of(run), icon="ERROR")
            return
        column.operator("flame.run_tree", icon="PLAY")
        column.operator("flame.run_to_node", icon="FRAME_NEXT")
        layout.operator("flame.new_tree", icon="ADD")
        if run is None:
            return
        _level, said = runs.outcome(run)[-1]
        message = layout.column()
        message.alert = run.state is RunState.FAILED
        icon = {RunState.FAILED: "ERROR", RunState.CANCELLED: "CANCEL"}.get(run.state, "CHECKMARK")
        paragraph(message, context, runs.waiting_import(tree) or said, icon=icon)


class FLAME_PT_node(_Sidebar, bpy.types.Panel):  # noqa: N801
    """The active node"""

    bl_label = "Node"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need one of our nodes."""
        return shows_our_tree(context) and bool(reading.kind_of(context.active_node))

    def draw_header(self, context: bpy.types.Context) -> None:
        """Draw what sort of node it is."""
        node: Any = context.active_node
        self.layout.label(text="", icon=node.bl_icon)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw its name, its settings, and its result with what to do about a failure."""
        node: Any = context.active_node
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(node, "label", placeholder=node.name)
        node.draw_settings(layout.column())
        box = layout.box()
        preferences = context.preferences
        scale = preferences.system.ui_scale
        size = preferences.ui_styles[0].widget.points * scale
        drawing.draw_status(box, status_of(node), room_in(context.region, scale) - 14 * scale, size, node.name, True)


CLASSES: Final = (FLAME_PT_tree, FLAME_PT_node)
