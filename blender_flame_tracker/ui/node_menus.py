"""Menus of the node editor that offer our nodes and operators: Add, header and context menu."""

from __future__ import annotations

from typing import Any, Final

import bpy

from ...backend.contract.supervision.run_state import Run, RunState
from ..nodes import reading, run_registry, stages
from ..nodes.base import Group
from ..nodes.tree import shows_our_tree

_LAYOUT: Final = (("NodeFrame", "Frame"), (reading.REROUTE, "Reroute"))


def draw_add(self: Any, context: bpy.types.Context) -> None:
    """Draw the nodes in the Add menu, in the order of the work. Its search finds them too."""
    if not shows_our_tree(context):
        return
    layout = self.layout
    if context.space_data.edit_tree is None:
        layout.operator("flame.new_tree", icon="ADD")
        return
    for group in Group:
        for each in stages.CLASSES:
            if each.group is group:
                _draw_node(layout, each.bl_idname, each.bl_label, each.bl_icon)
        layout.separator()
    for name, text in _LAYOUT:
        _draw_node(layout, name, text, "BLANK1")


def _draw_node(layout: Any, name: str, text: str, icon: str) -> None:
    add = layout.operator("node.add_node", text=text, icon=icon)
    add.type = name
    add.use_transform = True


def draw_header(self: Any, context: bpy.types.Context) -> None:
    """Draw what starts and stops the tree."""
    if not shows_our_tree(context):
        return
    layout = self.layout
    tree = context.space_data.edit_tree
    row = layout.row(align=True)
    run = run_registry.run_of(tree)
    if run is not None and not run.state.final:
        row.operator("flame.cancel", icon="CANCEL")
        _draw_progress(layout, run)
        return
    if tree is not None:
        row.operator("flame.run_tree", icon="PLAY")
    row.operator("flame.new_tree", icon="ADD")


def _draw_progress(layout: Any, run: Run) -> None:
    text = "Cancelling" if run.state is RunState.CANCELLING else "Waiting for another run"
    stage = next((each for each in run.stages.values() if each.state == "running"), None)
    if stage is not None and run.state is RunState.RUNNING:
        text = f"{stage.label}: {100 * stage.fraction:.0f} %"
    elif run.state is RunState.RUNNING:
        text = "Starting"
    bar = layout.row()
    bar.ui_units_x = 8.0
    bar.progress(factor=stage.fraction if stage is not None else 0.0, text=text)


def draw_context_menu(self: Any, context: bpy.types.Context) -> None:
    """Offer to run up to the active node."""
    if shows_our_tree(context) and context.active_node is not None:
        self.layout.separator()
        self.layout.operator("flame.run_to_node", icon="PLAY")


_MENUS: Final = (
    ("NODE_MT_add", draw_add),
    ("NODE_HT_header", draw_header),
    ("NODE_MT_context_menu", draw_context_menu),
)

CLASSES: Final[tuple[type, ...]] = ()


def register() -> None:
    """Add to Blender's menus."""
    for name, draw in _MENUS:
        getattr(bpy.types, name).append(draw)


def unregister() -> None:
    """Take it out of them."""
    for name, draw in reversed(_MENUS):
        getattr(bpy.types, name).remove(draw)
