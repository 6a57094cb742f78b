"""Operators of a finished track: import, bring up to date, switch who moves, go to what is bad."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import bpy
from bpy_extras.io_utils import ImportHelper

from ...backend.contract.failure import Failure
from ...backend.contract.settings import SceneSettings
from ..nodes import older_settings, scene_state
from ..paths import absolute
from ..properties import annotations_of, settings_from
from ..results import selection
from ..results.first_view import import_and_show
from ..scene.camera.motion import CAMERA_MOVES, HEAD_MOVES, motion_of, switch_motion
from ..scene.head.shape_keys import join_motion
from ..scene.origin import write_origin
from ..scene.parts import Parts
from ..scene.record import read_record, write_record
from ..scene.version_list import move_version

OBJECT_MODE: Final = "Go back to Object Mode first"
NO_RESULT: Final = "There is no track yet: track a video, or import a track file"


def chosen_for(cls: type[bpy.types.Operator], context: bpy.types.Context) -> selection.Result | None:
    """Return the result that is meant; where there is none, say so in the tooltip."""
    found = selection.chosen(context)
    if found is None:
        cls.poll_message_set(NO_RESULT)
    return found


def facts_for(result: selection.Result) -> Any:
    """What is known of the file while drawing; in scripts, where nothing is drawn, it is looked at."""
    return selection.facts_now(result) if bpy.app.background else selection.facts_of(result)


def file_problem(result: selection.Result, facts: Any) -> str:
    """Return why a result cannot be read, in a few words; empty where it can, or where that is not known yet."""
    if result.file is None:
        return "It came from no track file"
    if facts is None or facts.quality is not None:
        return ""
    if facts.stamp is None:
        return f"The track file is no longer there: {result.file}" if result.collection else "It is not tracked yet"
    return str(facts.failure)


def _is_ours(cls: type[bpy.types.Operator], found: selection.Result) -> bool:
    """Whether the import can be changed; what is linked from another file cannot."""
    linked = found.collection is not None and found.collection.library is not None
    if linked:
        cls.poll_message_set("It is linked from another file: change it there")
    return not linked


def _in_object_mode(cls: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    if context.mode == "OBJECT":
        return True
    cls.poll_message_set(OBJECT_MODE)
    return False


def finish(operator: bpy.types.Operator, made: Any) -> set[str]:
    """Tell what came of an import."""
    if isinstance(made, Failure):
        operator.report({"ERROR"}, str(made))
        return {"CANCELLED"}
    for notice in made.notices:
        operator.report({"WARNING"}, f"{notice.sentence} {notice.advice}".strip())
    return {"FINISHED"}


class ImportResult(bpy.types.Operator):
    """Bring the tracked head, its camera and its footage into the scene"""

    bl_idname = "flame.import_result"
    bl_label = "Import"
    bl_options: ClassVar = {"REGISTER", "UNDO"}
    filepath: str
    track_node: str
    __annotations__ = {
        "filepath": bpy.props.StringProperty(
            name="Track File", description="Track file to import; empty takes that of the node tree", options={"HIDDEN"}
        ),
        "track_node": bpy.props.StringProperty(
            name="Track Node", description="Track File node whose file is imported", options={"HIDDEN"}
        ),
    }

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need object mode."""
        return _in_object_mode(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Import the file with the settings of the Scene node that belongs to it."""
        found = self._wanted(context)
        if isinstance(found, Failure):
            return finish(self, found)
        assert found.file is not None
        return finish(self, import_and_show(found.file, found.settings, context.scene))

    def _wanted(self, context: bpy.types.Context) -> selection.Result | Failure:
        """Return a result that has a file."""
        if self.filepath:
            return selection.result_of(absolute(self.filepath), context)
        tree = scene_state.active_tree(context)
        if self.track_node:
            node = tree.nodes.get(self.track_node) if tree is not None else None
            written = None if node is None else selection.file_of_node(node, context.scene)
            if written is None:
                return Failure(
                    "no-track-node", f"The tree has no Track File node '{self.track_node}'.", "Choose another node."
                )
            return selection.result_of(written, context)
        found = selection.chosen(context)
        if found is None or found.file is None:
            return Failure("no-result", f"{NO_RESULT}.", "")
        return found


class UpdateResult(bpy.types.Operator):
    """Import the track file again into the same objects; what you added to them stays"""

    bl_idname = "flame.update_result"
    bl_label = "Update"
    bl_options: ClassVar = {"REGISTER", "UNDO"}
    layout: Any
    ask: bool
    __annotations__ = {
        "ask": bpy.props.BoolProperty(default=False, options={"HIDDEN", "SKIP_SAVE"}),
        **annotations_of(SceneSettings),
        older_settings.SWITCH: older_settings.switch_property(),
    }

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need an import and its file."""
        found = chosen_for(cls, context)
        if found is None or not _is_ours(cls, found) or not _in_object_mode(cls, context):
            return False
        if found.collection is None:
            cls.poll_message_set("It is not in the scene yet: import it first")
            return False
        problem = file_problem(found, facts_for(found))
        if problem:
            cls.poll_message_set(problem)
        return not problem

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        """Say what is asked where something is asked."""
        if properties.ask:
            return "Change how the track lies in the scene: range, first frame, motion, footage"
        return cls.__doc__ or ""

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask for the settings where that is wanted, else update at once."""
        self._fill(context)
        return context.window_manager.invoke_props_dialog(self, width=340) if self.ask else self.execute(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Update with the settings of before, as far as none are given."""
        self._fill(context)
        found = selection.chosen(context)
        assert found is not None and found.file is not None
        settings = older_settings.with_switch(self, settings_from(self, SceneSettings))
        return finish(self, import_and_show(found.file, settings, context.scene))

    def draw(self, _context: bpy.types.Context) -> None:
        """Show the settings in the dialog."""
        self.layout.use_property_split = True
        self.layout.use_property_decorate = False
        for name in annotations_of(SceneSettings):
            if name not in ("camera_view", "place"):  # Those are for the first import.
                self.layout.prop(self, name)

    def _fill(self, context: bpy.types.Context) -> None:
        found = selection.chosen(context)
        if found is None:
            return
        settings = found.settings
        for name in annotations_of(SceneSettings):
            if not self.properties.is_property_set(name):
                setattr(self, name, getattr(settings, name))


class SwitchMotion(bpy.types.Operator):
    """Let the other one move, the head or the camera, with the same picture through the camera"""

    bl_idname = "flame.switch_motion"
    bl_label = "Switch Motion"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need head and camera."""
        found = chosen_for(cls, context)
        if found is None or not _is_ours(cls, found):
            return False
        parts = found.parts
        if not isinstance(parts, Parts):
            cls.poll_message_set("It is not in the scene yet" if parts is None else parts.sentence)
            return False
        if parts.shares_camera:
            cls.poll_message_set("It shares the camera of another import: switch that one")
        return not parts.shares_camera

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Switch, and remember it for the next update."""
        found = selection.chosen(context)
        assert found is not None
        parts = found.parts
        assert isinstance(parts, Parts)
        who = CAMERA_MOVES if motion_of(parts.camera) == HEAD_MOVES else HEAD_MOVES
        switch_motion(parts.carrier, parts.camera, who)
        if parts.rig is None:
            join_motion(parts.head, parts.camera)
        record = read_record(parts.collection)
        write_record(parts.collection, record.with_motion(who))
        if found.node is not None:
            found.node.motion = who
        self.report({"INFO"}, "Now the head moves" if who == HEAD_MOVES else "Now the camera moves")
        return {"FINISHED"}


class FindTrack(bpy.types.Operator, ImportHelper):
    """Choose the track file of this import where it lies now"""

    bl_idname = "flame.find_track"
    bl_label = "Find Track File"
    bl_options: ClassVar = {"UNDO"}

    filename_ext = ".npz"
    filepath: str
    __annotations__ = {"filter_glob": bpy.props.StringProperty(default="*.npz", options={"HIDDEN"})}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need an import."""
        found = chosen_for(cls, context)
        return found is not None and found.collection is not None and _is_ours(cls, found)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Let the import belong to the chosen file, if that is a track."""
        found, path = selection.chosen(context), absolute(self.filepath)
        assert found is not None and found.collection is not None
        facts = selection.WATCH.learn(path)
        if facts.failure is not None:
            return finish(self, facts.failure)
        move_version(found.collection, found.file, path)
        write_origin(found.collection, path)
        return {"FINISHED"}


class JumpToBadFrame(bpy.types.Operator):
    """Go to the first frame of the next or previous range that someone should look at"""

    bl_idname = "flame.jump_to_bad_frame"
    bl_label = "Jump to Bad Frame"
    direction: str
    __annotations__ = {
        "direction": bpy.props.EnumProperty(
            name="Direction",
            items=[("NEXT", "Next", "To the next bad frame"), ("PREVIOUS", "Previous", "To the previous bad frame")],
        )
    }

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        """Say where it goes."""
        return f"Go to the start of the {properties.direction.lower()} bad range"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need bad frames."""
        found = chosen_for(cls, context)
        if found is None:
            return False
        facts = facts_for(found)
        problem = file_problem(found, facts)
        if not problem and facts is not None and not facts.flags:
            problem = "No bad frames"
        if problem:
            cls.poll_message_set(problem)
        return not problem

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Go there, and say why the frames are bad."""
        scene = context.scene
        found = selection.chosen(context)
        review = selection.review_now(found) if found is not None else None
        frame = None if review is None else review.next_bad(scene.frame_current, 1 if self.direction == "NEXT" else -1)
        if review is None or frame is None:
            self.report({"INFO"}, "No bad frames")
            return {"CANCELLED"}
        scene.frame_set(frame)
        bad = review.bad_at(frame)
        if bad is not None:
            self.report({"INFO"}, f"Frames {bad.first} to {bad.last}: {bad.words}")
        return {"FINISHED"}


CLASSES: Final = (
    ImportResult,
    UpdateResult,
    SwitchMotion,
    FindTrack,
    JumpToBadFrame,
)
