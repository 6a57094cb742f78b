"""Question before a run that would replace files which this program did not write."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import bpy

from ..nodes.compile import Compiled, compile_tree
from ..nodes.scene_state import active_tree
from ..text import paragraph
from ..tracking import preflight, runs

_SHOWN: Final = 6
"""Files that are named; of the others the number is."""


class ReplaceFiles(bpy.types.Operator):
    """Track although files are replaced that were not written by this add-on"""

    bl_idname = "flame.replace_files"
    bl_label = "Replace Files?"
    bl_options: ClassVar = {"UNDO", "INTERNAL"}

    __annotations__ = {
        "tree": bpy.props.IntProperty(options={"HIDDEN", "SKIP_SAVE"}),
        "target": bpy.props.StringProperty(options={"HIDDEN", "SKIP_SAVE"}),
        "reason": bpy.props.StringProperty(options={"HIDDEN", "SKIP_SAVE"}),
    }

    def invoke(self: Any, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask; nothing is done unless the user says so."""
        tree = runs.tree_of(self.tree) or active_tree(context)
        compiled = compile_tree(tree, context.scene, self.target or None) if tree is not None else None
        self._taken = preflight.files_taken(compiled.job) if isinstance(compiled, Compiled) else []
        return context.window_manager.invoke_props_dialog(self, width=420, confirm_text="Replace", cancel_default=True)

    def draw(self: Any, context: bpy.types.Context) -> None:
        """Name the files."""
        paragraph(self.layout, context, "Tracking replaces files that it did not write:", icon="ERROR")
        for path in self._taken[:_SHOWN]:
            paragraph(self.layout, context, str(path))
        if len(self._taken) > _SHOWN:
            paragraph(self.layout, context, f"and {len(self._taken) - _SHOWN} more")

    def execute(self: Any, context: bpy.types.Context) -> set[str]:
        """Run, replacing them."""
        from .track import run_for, start_for  # they ask this

        tree = runs.tree_of(self.tree) or active_tree(context)
        if tree is None:
            self.report({"ERROR"}, runs.TREE_GONE)
            return {"CANCELLED"}
        begin = run_for if bpy.app.background else start_for
        return begin(self, tree, context.scene, self.target, overwrite=True)


CLASSES: Final = (ReplaceFiles,)
