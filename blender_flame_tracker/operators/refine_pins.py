"""Operator that solves frames around pinned ones again: the engine's stage Pins, as part of the scene's node tree."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import bpy

from ...backend.contract.failure import Failure
from ..nodes.scene_state import active_tree, node_of
from ..own_operators import own_operators
from ..pinning.files import sources_of, write_corrections_file
from ..pinning.pinned_frames import placed_of
from ..pinning.tool import running
from ..results import selection
from ..scene.corrections import read_corrections
from ..tracking import all_faces
from .pins import NOT_PINNED, pinnable_for
from .result import facts_for
from .stages import is_on
from .track import can_start, run_for, start_for


class RefinePins(bpy.types.Operator):
    """Solve the frames around the pinned ones again, so that they follow their landmarks too; the engine does it"""

    bl_idname = "flame.refine_pins"
    bl_label = "Refine"
    bl_options: ClassVar = {"UNDO"}
    between: bool
    __annotations__ = {
        "between": bpy.props.BoolProperty(
            name="Between",
            description="Only from the pinned frame before this one to that behind it",
            options={"SKIP_SAVE"},
        )
    }

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        """Say which frames."""
        if properties.between:
            return "Solve again from the pinned frame before this one to that behind it; what is outside stays"
        return cls.__doc__ or ""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need pinned frames of a track that the scene's tree has made, and nothing that runs."""
        found = pinnable_for(cls, context)
        if found is None:
            return False
        problem = _refine_problem(found, context)
        if problem:
            cls.poll_message_set(problem)
            return False
        return can_start(cls, context)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Start and return."""
        return self._started(context, start_for)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Run and wait."""
        return self._started(context, run_for)

    def _started(self, context: bpy.types.Context, start: Any) -> set[str]:
        found, tree = selection.chosen(context), active_tree(context)
        assert found is not None and tree is not None
        problem = prepare(context, found, between=self.between)
        if problem is not None:
            self.report({"ERROR"}, str(problem))
            return {"CANCELLED"}
        all_faces.forget(tree)
        return start(self, tree, context.scene)


def _refine_problem(found: selection.Result, context: bpy.types.Context) -> str:
    """Return why the engine cannot solve around the pins of a result, in a few words; empty where it can."""
    tree = active_tree(context)
    if not read_corrections(found.collection).pinned:
        return NOT_PINNED
    if running() is not None:
        return "Press Enter in the view first"
    if tree is None or found.node is None:
        return "It was not tracked by the scene's node tree"
    if tree.library is not None:
        return "The node tree is linked from another file; make it local first"
    return ""


def prepare(context: bpy.types.Context, found: selection.Result, *, between: bool) -> Failure | None:
    """Let the tree have a node Pins with the corrections of a result, and write these for the engine.

    Args:
        context: Whose tree.
        found: The result.
        between: Only from the pinned frame before the current one to that behind it; what is open ends with the clip.
    """
    made, shown = selection.tree_file(context), found.file
    sources = None if shown is None else sources_of(shown)
    if made is None or sources is None or isinstance(sources, Failure):
        return sources if isinstance(sources, Failure) else _OTHER_TRACK
    if sources.uncorrected != made[0]:
        return _OTHER_TRACK
    corrections = read_corrections(found.collection)
    problem = write_corrections_file(made[0], corrections)
    if problem is not None:
        return problem
    if not is_on(context, "pins"):
        own_operators().switch_stage(kind="pins")
    node = node_of(active_tree(context), "pins", context.scene)
    assert node is not None and context.scene is not None
    node.corrections = ""  # Those beside the track.
    node.refine = True
    node.first_frame, node.last_frame = -1, -1
    placed = placed_of(found, facts_for(found))
    if between and placed is not None:
        now = placed.frame_at(context.scene.frame_current)
        frames = [each.frame for each in corrections.pinned]
        node.first_frame = max((each for each in frames if each <= now), default=int(placed.frame_index[0]))
        node.last_frame = min((each for each in frames if each > now), default=int(placed.frame_index[-1]))
    return None


_OTHER_TRACK: Final = Failure(
    "pins-of-another-track",
    "The scene's node tree makes another track than the one that is pinned.",
    "Activate the version that the tree has made, and press Apply Pins there.",
)

CLASSES: Final = (RefinePins,)
