"""Switches of stages that not every clip needs: part of the work or not, a node in the tree or none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import bpy

from ...backend.contract.job import STAGES
from ..nodes.default_tree import switch_stage
from ..nodes.scene_state import active_tree, node_of, source_of

WHAT: Final[Mapping[str, str]] = {
    "exclude": "Leave out frames, parts of the picture and parts of the face that would mislead the fit",
    "pins": "Let the fit pass through the frames that were put right by hand, and solve those around them again",
    "appearance": "Refine head, pose and expression by how the skin looks in the pictures; takes several times as long",
    "arkit": "Solve ARKit's 52 weights for characters, phones' programs and game engines; kept in the track file",
    "texture": "Bake the colors of the head from the pictures, and put them on the imported head",
}
"""Stages that are switched, and what they do, for tooltips."""


class SwitchStage(bpy.types.Operator):
    """Let a stage be part of the work, or leave it out; its node stays, muted, with its settings"""

    bl_idname = "flame.switch_stage"
    bl_label = "Switch Stage"
    bl_options: ClassVar = {"UNDO", "INTERNAL"}

    kind: str
    __annotations__: ClassVar = {
        "kind": bpy.props.EnumProperty(
            name="Stage",
            description="Which stage",
            items=[(kind, STAGES[kind].label, WHAT[kind]) for kind in WHAT],
            options={"HIDDEN"},
        )
    }

    @classmethod
    def description(cls, context: bpy.types.Context, properties: Any) -> str:
        """Say what the stage does, and what pressing would do."""
        on = is_on(context, properties.kind)
        return f"{WHAT[properties.kind]}. {'Leave it out' if on else 'Make it part of the work'}"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a tree that may be changed."""
        tree = active_tree(context)
        if tree is None:
            cls.poll_message_set("Choose a video first")
        elif tree.library is not None:
            cls.poll_message_set("The node tree is linked from another file; make it local first")
        else:
            return True
        return False

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add the node, or mute or unmute it."""
        tree, scene = active_tree(context), context.scene
        assert tree is not None
        nodes = {kind: node_of(tree, kind, scene) for kind in (*STAGES, "scene")}
        nodes["video"] = source_of(tree, scene)
        switch_stage(tree, self.kind, nodes, not is_on(context, self.kind))
        return {"FINISHED"}


def is_on(context: bpy.types.Context, kind: str) -> bool:
    """Return whether a stage is part of the work of the scene's tree."""
    node = node_of(active_tree(context), kind, context.scene)
    return node is not None and not node.mute


CLASSES: Final = (SwitchStage,)
