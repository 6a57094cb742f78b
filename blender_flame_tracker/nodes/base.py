"""Base of all nodes: sockets and properties from the contract, and the drawing of their state."""

from __future__ import annotations

import enum
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final

import bpy

from ...backend.contract.failure import Failure
from ...backend.contract.options import Option, options_of, title_case
from .. import paths
from ..names import TREE
from ..properties import annotations_of, settings_from
from . import drawing, sockets, state
from .specs import data_types, spec_of


class Group(enum.Enum):
    """Where a node stands in the work, with the colour of its nodes."""

    INPUT = (0.31, 0.20, 0.14)
    TRACKING = (0.13, 0.28, 0.20)
    OUTPUT = (0.15, 0.21, 0.36)


_RESULT: Final = {
    "result_fingerprint": bpy.props.StringProperty(options={"HIDDEN"}),
    "result_files": bpy.props.StringProperty(options={"HIDDEN"}),
    "result_text": bpy.props.StringProperty(options={"HIDDEN"}),
    "result_advice": bpy.props.StringProperty(options={"HIDDEN"}),
    "result_failed": bpy.props.BoolProperty(options={"HIDDEN"}),
    "result_others": bpy.props.StringProperty(options={"HIDDEN"}),
}
"""What the latest run has found, and what earlier ones have for other takes, saved with the file.

Read through `state.status_of` alone.
"""


def changed(node: Any, _context: bpy.types.Context) -> None:
    """Tell the tree that a property of a node was changed."""
    state.mark(node.id_data)


def absolute(node: Any, path: str) -> str:
    """Return a path that a node names as the engine needs it; an empty one stays empty."""
    return str(paths.absolute(path, node.id_data.library)) if path else ""


class StageNode:
    """A stage's face in Blender.

    Attributes:
        kind: Key of the contract's `STAGES`, or of `specs.BLENDER_STAGES`.
        group: Where it stands in the work.
        extras: Properties that only Blender's side needs, by name.
        order: Names of the properties that are drawn first; the others follow as they were declared.
    """

    kind: ClassVar[str]
    group: ClassVar[Group] = Group.TRACKING
    extras: ClassVar[dict[str, Any]] = {}
    order: ClassVar[tuple[str, ...]] = ()

    bl_idname: ClassVar[str]
    bl_label: ClassVar[str]
    bl_icon: ClassVar[str]
    bl_width_default = 220.0
    bl_width_min = 160.0
    bl_width_max = 600.0

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        spec = spec_of(cls.kind)
        cls.bl_idname = f"FlameNode{spec.label.replace(' ', '')}"
        cls.bl_label = spec.label
        cls.bl_description = (cls.__doc__ or "").strip()
        advanced = bpy.props.BoolProperty(name="Advanced", description="Show settings that are rarely needed")
        cls.__annotations__ = {
            **annotations_of(spec.settings, changed),
            **cls.extras,
            "show_advanced": advanced,
            **_RESULT,
        }

    @classmethod
    def poll(cls, tree: bpy.types.NodeTree) -> bool:
        """Belong into trees of our type only."""
        return tree.bl_idname == TREE

    def init(self: Any, _context: bpy.types.Context) -> None:
        """Make the sockets of a new node."""
        spec = spec_of(self.kind)
        for name, type_name in spec.inputs.items():
            _describe(self.inputs.new(sockets.idname(type_name), title_case(name), identifier=name))
        if spec.output in data_types():
            _describe(self.outputs.new(sockets.idname(spec.output), title_case(spec.output), identifier=spec.output))
        self.use_custom_color = True
        self.color = self.group.value

    def copy(self: Any, source: Any) -> None:
        """Make a copy start without a result of its own."""
        state.forget_copy(self, source)

    # What is run.

    def settings(self: Any, _scene: bpy.types.Scene) -> Any:
        """Return the settings for the engine, with all that only Blender knows resolved, or a `Failure`."""
        settings = settings_from(self, spec_of(self.kind).settings)
        named = [each for each in options_of(settings) if each.kind == "path"]
        texts = {each.name: each.with_paths(getattr(settings, each.name), partial(absolute, self)) for each in named}
        return replace(settings, **texts)

    def read(self, settings: Any) -> tuple[Path, ...]:
        """Return the files that the stage reads with these settings: its result is stale when one of them changes.

        The paths of outputs say where something is written.
        """
        if self.group is Group.OUTPUT:
            return ()
        named = [getattr(settings, each.name) for each in options_of(settings) if each.kind == "path"]
        return tuple(Path(path) for path in named if path)

    def content(self, _scene: bpy.types.Scene) -> str:
        """Return what its result depends on besides settings, files and what is linked: things of Blender's."""
        return ""

    def write_inputs(self, _scene: bpy.types.Scene, _settings: Any) -> Failure | None:
        """Write what the engine reads and only Blender knows, just before a run; return why it cannot be written."""
        return None

    def written(self, _scene: bpy.types.Scene) -> tuple[Path, ...]:
        """Return the files that it writes for the user: when they are gone or replaced, so is its result."""
        return ()

    def is_there(self, _scene: bpy.types.Scene) -> bool:
        """Whether what it has made in the scene, if anything, still is there."""
        return True

    # What is shown.

    def matters(self, _name: str) -> bool:
        """Whether a setting makes a difference as the others are set; one that does not is not shown."""
        return True

    def draw_settings(self: Any, layout: bpy.types.UILayout) -> None:
        """Draw what can be set. Panel and node show the same."""
        options = {each.name: each for each in options_of(spec_of(self.kind).settings)}
        names = dict.fromkeys((*self.order, *options, *self.extras))
        usual = [name for name in names if not _is_advanced(options.get(name)) and self.matters(name)]
        advanced = [name for name in names if _is_advanced(options.get(name)) and self.matters(name)]
        for name in usual:
            self._draw_setting(layout, name)
        if not advanced:
            return
        row = layout.row()
        row.use_property_split = False
        row.alignment = "LEFT"
        row.prop(self, "show_advanced", icon="DOWNARROW_HLT" if self.show_advanced else "RIGHTARROW", emboss=False)
        if self.show_advanced:
            for name in advanced:
                self._draw_setting(layout, name)

    def _draw_setting(self: Any, layout: bpy.types.UILayout, name: str) -> None:
        """Draw one setting. A node is narrow: a path says in its field what it is; a choice has room for its label."""
        kind = self.bl_rna.properties[name]
        if layout.use_property_split:
            layout.prop(self, name)
        elif kind.type == "STRING":
            layout.prop(self, name, text="", placeholder=kind.name)
        elif kind.type == "ENUM":
            split = layout.split(factor=0.4)
            split.label(text=kind.name)
            split.prop(self, name, text="")
        else:
            layout.prop(self, name)

    def draw_buttons(self: Any, context: bpy.types.Context, layout: bpy.types.UILayout) -> None:
        """Draw the settings and the state in the node."""
        self.draw_settings(layout.column())
        drawing.draw_in_node(layout, context, self)

    def draw_buttons_ext(self: Any, _context: bpy.types.Context, layout: bpy.types.UILayout) -> None:
        """Draw nothing of our own in Blender's Node tab: the tab FLAME has the settings."""


def _describe(socket: Any) -> None:
    """Give a socket its tooltip."""
    socket.description = sockets.DESCRIPTIONS.get(socket.type_name, "")


def _is_advanced(option: Option | None) -> bool:
    return option is not None and option.advanced
