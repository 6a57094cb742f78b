"""Operators of the node editor: a new tree, and running a tree or what one of its nodes needs."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import bpy

from ..nodes import reading, run_registry
from ..nodes.default_tree import new_default_tree
from ..nodes.scene_state import active_tree
from ..nodes.tree import shows_our_tree
from ..polling import Poller
from .track import run_for, start_for


def _tree_of(context: bpy.types.Context) -> Any:
    """Return the tree of the node editor; elsewhere, as in scripts, that of the scene."""
    return context.space_data.edit_tree if shows_our_tree(context) else active_tree(context)


def _can_run(cls: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    tree = _tree_of(context)
    run = run_registry.run_of(tree)
    if tree is None:
        cls.poll_message_set("There is no FLAME Tracker tree here")
    elif run is not None and not run.state.final:
        cls.poll_message_set("It is running already")
    else:
        return True
    return False


class NewTree(bpy.types.Operator):
    """Make a node tree that tracks a video from start to end and brings the head into the scene, and use it here"""

    bl_idname = "flame.new_tree"
    bl_label = "New Default Tree"
    bl_options: ClassVar = {"UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Make it, and give it to the scene; a node editor that is pinned shows it alone."""
        tree = new_default_tree(f"{context.scene.name} Track")
        editor = context.space_data if shows_our_tree(context) else None
        if editor is None or not editor.pin or context.scene.flame.tree is None:
            context.scene.flame.tree = tree
        if editor is not None:
            editor.node_tree = tree
            if not bpy.app.background:
                _SHOW_SOON.start()
        return {"FINISHED"}


def _show_all() -> None:
    """Bring a new tree into view, once its nodes were drawn."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            region = next((each for each in area.regions if each.type == "WINDOW"), None)
            if area.type != "NODE_EDITOR" or region is None:
                continue
            view_all: Any = bpy.ops.node.view_all
            with bpy.context.temp_override(window=window, area=area, region=region):
                if shows_our_tree(bpy.context) and view_all.poll():
                    view_all()


_SHOW_SOON: Final = Poller(_show_all, delay=0.1)


class RunTree(bpy.types.Operator):
    """Run the tree: everything that leads to a file or into the scene. What is up to date is not done again"""

    bl_idname = "flame.run_tree"
    bl_label = "Run"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a tree that is not running."""
        return _can_run(cls, context)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Start and return."""
        return start_for(self, _tree_of(context), context.scene)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Run and wait."""
        return run_for(self, _tree_of(context), context.scene)


class RunToNode(bpy.types.Operator):
    """Run only what this node needs, and the node itself"""

    bl_idname = "flame.run_to_node"
    bl_label = "Run to Here"

    node: str
    __annotations__ = {
        "node": bpy.props.StringProperty(
            name="Node", description="Name of the node; the active one where empty", options={"SKIP_SAVE"}
        )
    }

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a tree that is not running, with a node to run to."""
        if not _can_run(cls, context):
            return False
        if not any(reading.kind_of(node) for node in _tree_of(context).nodes):
            cls.poll_message_set("The tree has no nodes")
            return False
        return True

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Start and return."""
        name = self._name(context)
        return start_for(self, _tree_of(context), context.scene, name) if name else {"CANCELLED"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Run and wait."""
        name = self._name(context)
        return run_for(self, _tree_of(context), context.scene, name) if name else {"CANCELLED"}

    def _name(self, context: bpy.types.Context) -> str:
        active = _tree_of(context).nodes.active
        name = self.node or (active.name if active is not None else "")
        if not name:
            self.report({"ERROR"}, "No node is chosen. Click the node to run to.")
        return name


CLASSES: Final = (NewTree, RunTree, RunToNode)
