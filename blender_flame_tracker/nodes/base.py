"""What all nodes have in common: sockets and properties from the contract, and the drawing of their state."""

from __future__ import annotations

import enum
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Final

import bpy

from ...backend.contract.job import STAGES, StageSpec
from ...backend.contract.options import options_of
from ...backend.contract.settings import SceneSettings
from .. import paths
from ..properties import annotations_of, label, settings_from
from . import sockets
from .tree import TREE

BLENDER_STAGES: Final = {"scene": StageSpec(SceneSettings, {"track": "track"}, "", "Scene")}
"""Stages of Blender's side: the engine never sees them."""


class Group(enum.Enum):
    """Where a node stands in the work, with the colour of its nodes."""

    INPUT = (0.33, 0.20, 0.16)
    TRACKING = (0.12, 0.28, 0.20)
    OUTPUT = (0.18, 0.20, 0.36)


def spec_of(kind: str) -> StageSpec:
    """Return what a kind of node takes and gives."""
    return STAGES[kind] if kind in STAGES else BLENDER_STAGES[kind]


def has_taker(type_name: str) -> bool:
    """Whether any stage takes data of this type; an output that nothing can be linked to is not shown."""
    specs = (*STAGES.values(), *BLENDER_STAGES.values())
    return any(type_name in spec.inputs.values() for spec in specs)


def absolute(path: str) -> str:
    """Return a path as the engine needs it; an empty one stays empty."""
    return str(paths.absolute(path)) if path else ""


def changed(node: Any, _context: bpy.types.Context) -> None:
    """Tell the tree that a property of a node was changed."""
    from . import state

    state.mark(node.id_data)


class StageNode:
    """A stage's face in Blender. A subclass names its `kind`, and draws its settings.

    Attributes:
        kind: Key of the contract's `STAGES` (or of `BLENDER_STAGES`).
        group: Where it stands in the work.
        width: Of a new node.
        extras: Properties that only Blender's side needs.
    """

    kind: ClassVar[str]
    group: ClassVar[Group] = Group.TRACKING
    bl_width_default = 220.0
    bl_width_min = 160.0
    bl_width_max = 600.0
    extras: ClassVar[dict[str, Any]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        spec = spec_of(cls.kind)
        cls.bl_idname = f"FlameNode{spec.label.replace(' ', '')}"
        cls.bl_label = spec.label
        cls.__annotations__ = {
            **annotations_of(spec.settings, changed),
            **cls.extras,
            "show_advanced": bpy.props.BoolProperty(
                name="Advanced", description="Show settings that are rarely needed", default=False
            ),
            "result_fingerprint": bpy.props.StringProperty(options={"HIDDEN"}),
            "result_text": bpy.props.StringProperty(options={"HIDDEN"}),
            "result_failed": bpy.props.BoolProperty(options={"HIDDEN"}),
            "result_advice": bpy.props.StringProperty(options={"HIDDEN"}),
        }

    @classmethod
    def poll(cls, tree: bpy.types.NodeTree) -> bool:
        """Belong into trees of our type only."""
        return tree.bl_idname == TREE

    def init(self: Any, _context: bpy.types.Context) -> None:
        """Make the sockets of a new node."""
        spec = spec_of(self.kind)
        for name, type_name in spec.inputs.items():
            self.inputs.new(sockets.idname(type_name), label(name), identifier=name)
        if spec.output and has_taker(spec.output):
            self.outputs.new(sockets.idname(spec.output), label(spec.output), identifier=spec.output)
        self.use_custom_color = True
        self.color = self.group.value

    def settings(self, scene: bpy.types.Scene) -> Any:
        """Return the settings for the engine, with all that only Blender knows resolved, or a `Failure`."""
        settings = settings_from(self, spec_of(self.kind).settings)
        paths = {
            each.name: absolute(getattr(settings, each.name)) for each in options_of(settings) if each.kind == "path"
        }
        return replace(settings, **paths)

    def written(self, _scene: bpy.types.Scene) -> tuple[Path, ...]:
        """Return the files without which the result of this node is not there any more."""
        return ()

    def copy(self: Any, source: Any) -> None:
        """Make a copy start without a result of its own."""
        from . import state

        state.forget_copy(self, source)

    def draw_settings(self: Any, layout: bpy.types.UILayout) -> None:
        """Draw what can be set. Panel and node show the same."""
        for each in options_of(spec_of(self.kind).settings):
            if not each.advanced:
                layout.prop(self, each.name)
        self.draw_advanced(layout)

    def draw_advanced(self: Any, layout: bpy.types.UILayout) -> None:
        """Draw the settings that are hidden until asked for, where there are any."""
        advanced = [each.name for each in options_of(spec_of(self.kind).settings) if each.advanced]
        if not advanced:
            return
        layout.prop(self, "show_advanced", icon="DISCLOSURE_TRI_DOWN" if self.show_advanced else "DISCLOSURE_TRI_RIGHT")
        if self.show_advanced:
            for name in advanced:
                layout.prop(self, name)

    def draw_buttons(self: Any, _context: bpy.types.Context, layout: bpy.types.UILayout) -> None:
        """Draw the settings and the state in the node."""
        self.draw_settings(layout.column())
