"""Operators of pinned frames: go to one, take some back, say how firmly and how far they count."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Final

import bpy

from ...backend.contract.corrections.corrections import AUTOMATIC_REACH, Corrections, PinnedFrame
from ...backend.contract.failure import Failure
from ..pinning.applying import apply_corrections
from ..pinning.pinned_frames import pinned_at, placed_of, scene_frames
from ..pinning.placing import PlacedFrames
from ..pinning.tool import running
from ..results import selection
from ..results.delivery import import_obstacle
from ..results.review import next_around
from ..scene.corrections import read_corrections
from ..scene.parts import Parts, linked_problem
from .result import OBJECT_MODE, chosen_for, facts_for, file_problem

NOT_PINNED: Final = "No frame is pinned"


def pinnable_for(cls: type[bpy.types.Operator], context: bpy.types.Context) -> selection.Result | None:
    """Return the result whose frames can be pinned; where there is none, say why in the tooltip."""
    found = chosen_for(cls, context)
    if found is None:
        return None
    problem = _pin_problem(found, context)
    if problem:
        cls.poll_message_set(problem)
    return None if problem else found


def _pin_problem(found: selection.Result, context: bpy.types.Context) -> str:
    """Return why frames of a result cannot be pinned now, in a few words; empty where they can."""
    if found.collection is None:
        return "It is not in the scene yet: import it first"
    parts, linked = found.parts, linked_problem(found.collection)
    if found.collection.library is not None or linked is not None:
        return "It is linked from another file: change it there"
    if not isinstance(parts, Parts):
        return "" if parts is None else parts.sentence
    if context.mode != "OBJECT":
        return OBJECT_MODE
    if context.view_layer is not None and parts.head.name not in context.view_layer.objects:
        return "The head is excluded from the view layer"
    return file_problem(found, facts_for(found)) or ("Wait until rendering is finished" if import_obstacle() else "")


def _pinned_for(
    cls: type[bpy.types.Operator], context: bpy.types.Context
) -> tuple[selection.Result, PlacedFrames] | None:
    """Return the result that has pinned frames, and how it lies in the scene."""
    found = pinnable_for(cls, context)
    placed = None if found is None else placed_of(found, facts_for(found))
    if found is None:
        return None
    if placed is None:
        cls.poll_message_set("The track file is being looked at")
        return None
    if not read_corrections(found.collection).pinned:
        cls.poll_message_set(NOT_PINNED)
        return None
    return found, placed


def _pinned_here(
    cls: type[bpy.types.Operator], context: bpy.types.Context
) -> tuple[selection.Result, PinnedFrame] | None:
    """Return the result, and the pinned frame that the scene shows."""
    known = _pinned_for(cls, context)
    if known is None or context.scene is None:
        return None
    pinned = pinned_at(*known, context.scene.frame_current)
    if pinned is None:
        cls.poll_message_set("This frame is not pinned")
        return None
    return known[0], pinned


def said_of(operator: bpy.types.Operator, made: Any) -> set[str]:
    """Say what came of bringing corrections in; what the import itself had to say stands in the panel."""
    if isinstance(made, Failure):
        operator.report({"ERROR"}, str(made))
        return {"CANCELLED"}
    for notice in made.notices:
        if notice.code == "edits-kept":
            operator.report({"WARNING"}, f"{notice.sentence} {notice.advice}".strip())
    return {"FINISHED"}


def _apply(operator: bpy.types.Operator, context: bpy.types.Context, corrections: Corrections) -> set[str]:
    found, tool = selection.chosen(context), running()
    assert found is not None and found.collection is not None and context.scene is not None
    if tool is not None:
        tool.show_head()  # As the step of undo shall have it.
    return said_of(operator, apply_corrections(context.scene, found.collection, corrections))


def _now(found: selection.Result) -> Corrections:
    """Return the corrections of a result, with the frame that is just being pinned."""
    tool, corrections = running(), read_corrections(found.collection)
    edit = None if tool is None or tool.shot.collection != found.collection else tool.shot.edit
    return corrections if edit is None or not edit.changed else corrections.with_pinned(edit.pinned())


class JumpToPinnedFrame(bpy.types.Operator):
    """Go to the next or previous frame that was pinned"""

    bl_idname = "flame.jump_to_pinned_frame"
    bl_label = "Jump to Pinned Frame"
    direction: str
    __annotations__ = {
        "direction": bpy.props.EnumProperty(
            name="Direction",
            items=[("NEXT", "Next", "To the next pinned frame"), ("PREVIOUS", "Previous", "To the previous one")],
        )
    }

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        """Say where it goes."""
        return f"Go to the {properties.direction.lower()} pinned frame"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need pinned frames."""
        return _pinned_for(cls, context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Go there; after the last one it begins again."""
        known, scene = _pinned_for(type(self), context), context.scene
        if scene is None or known is None:
            return {"CANCELLED"}
        frame = next_around(scene_frames(*known), scene.frame_current, 1 if self.direction == "NEXT" else -1)
        if frame is None:
            return {"CANCELLED"}
        scene.frame_set(frame)
        return {"FINISHED"}


class RemovePinnedFrame(bpy.types.Operator):
    """Take the pins of this frame back: the track is there what it was, or what pinned neighbours make of it"""

    bl_idname = "flame.remove_pinned_frame"
    bl_label = "Remove"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a pinned frame."""
        return _pinned_here(cls, context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove it."""
        known = _pinned_here(type(self), context)
        assert known is not None
        found, pinned = known
        return _apply(self, context, _now(found).without_pinned(pinned.frame, pinned.frame))


class ClearPinsBetween(bpy.types.Operator):
    """Take the pins of a range of frames back, both ends included"""

    bl_idname = "flame.clear_pins_between"
    bl_label = "Clear Between"
    bl_options: ClassVar = {"REGISTER", "UNDO"}
    first: int
    last: int
    __annotations__ = {
        "first": bpy.props.IntProperty(name="First", description="First frame of the scene whose pins go"),
        "last": bpy.props.IntProperty(name="Last", description="Last frame of the scene whose pins go"),
    }

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need pinned frames."""
        return _pinned_for(cls, context) is not None

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask for the range: the preview range, else from the pinned frame before to that behind."""
        scene, known = context.scene, _pinned_for(type(self), context)
        assert scene is not None and known is not None
        if scene.use_preview_range:
            self.first, self.last = scene.frame_preview_start, scene.frame_preview_end
        else:
            frames, now = scene_frames(*known), scene.frame_current
            self.first = max((each for each in frames if each < now), default=now)
            self.last = min((each for each in frames if each > now), default=now)
        return context.window_manager.invoke_props_dialog(self)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove those between."""
        known = _pinned_for(type(self), context)
        assert known is not None
        found, placed = known
        corrections = _now(found)
        gone = {each for each in corrections.pinned if self._is_between(placed.scene_frame_of(each.frame))}
        if not gone:
            self.report({"INFO"}, f"No frame from {self.first} to {self.last} is pinned")
            return {"CANCELLED"}
        left = tuple(each for each in corrections.pinned if each not in gone)
        return _apply(self, context, replace(corrections, pinned=left))

    def _is_between(self, frame: int | None) -> bool:
        return frame is not None and self.first <= frame <= self.last


class ClearAllPins(bpy.types.Operator):
    """Take all pins back: the track is what it was before"""

    bl_idname = "flame.clear_all_pins"
    bl_label = "Clear All"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need pinned frames."""
        return _pinned_for(cls, context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove all."""
        known = _pinned_for(type(self), context)
        assert known is not None
        return _apply(self, context, replace(_now(known[0]), pinned=()))


class SetPinnedFrame(bpy.types.Operator):
    """Say how firmly this pinned frame holds the track, and how far it changes the frames around it"""

    bl_idname = "flame.set_pinned_frame"
    bl_label = "Strength of Pinned Frame"
    bl_options: ClassVar = {"REGISTER", "UNDO"}
    layout: Any
    hardness: str
    reach: int
    __annotations__ = {
        "hardness": bpy.props.EnumProperty(
            name="Hardness",
            items=[
                ("hard", "Hard", "The track passes through the pinned frame exactly"),
                ("soft", "Soft", "The track is drawn towards the pinned frame"),
            ],
        ),
        "reach": bpy.props.IntProperty(
            name="Reach",
            description="Frames to both sides over which the change fades out; -1 as far as the track is bad there",
            min=AUTOMATIC_REACH,
            default=AUTOMATIC_REACH,
            soft_max=100,
        ),
    }

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a pinned frame."""
        return _pinned_here(cls, context) is not None

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Begin with what it has; a button that says which hardness has one property alone."""
        self._fill(context)
        if self.properties.is_property_set("hardness"):
            return self.execute(context)
        self.hardness = self._pinned(context).hardness
        return context.window_manager.invoke_props_dialog(self)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Keep it, and make the track anew."""
        found = selection.chosen(context)
        assert found is not None
        self._fill(context)
        pinned = replace(self._pinned(context), hardness=self.hardness, reach=self.reach)
        return _apply(self, context, _now(found).with_pinned(pinned))

    def _fill(self, context: bpy.types.Context) -> None:
        if not self.properties.is_property_set("reach"):
            self.reach = self._pinned(context).reach

    def _pinned(self, context: bpy.types.Context) -> PinnedFrame:
        known = _pinned_here(type(self), context)
        assert known is not None
        return known[1]


class ApplyPins(bpy.types.Operator):
    """Put the pinned frames onto the track that is shown, such as one that was tracked again"""

    bl_idname = "flame.apply_pins"
    bl_label = "Apply Pins"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need pinned frames."""
        return _pinned_for(cls, context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Make the track with them, and show it."""
        found = selection.chosen(context)
        assert found is not None
        return _apply(self, context, _now(found))


CLASSES: Final = (
    JumpToPinnedFrame,
    RemovePinnedFrame,
    ClearPinsBetween,
    ClearAllPins,
    SetPinnedFrame,
    ApplyPins,
)
