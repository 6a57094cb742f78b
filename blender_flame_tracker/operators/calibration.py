"""Operators of the calibration: neutral frame, reset, presets."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import bpy

from ...backend.contract.failure import Failure
from ...backend.contract.performance.calibration import AS_IT_IS, PRESETS, Calibration, affected, neutral_problem
from ...backend.contract.performance.channels import CHANNELS, REGIONS, region_of
from ...backend.contract.performance.neutral import propose_neutral
from ..calibration import live, presets
from ..calibration.properties import CalibrationProperties
from ..calibration.subject import Subject, subject_of


def _calibration(context: bpy.types.Context) -> CalibrationProperties:
    subject = subject_of(context)
    assert subject is not None
    return subject.properties


def _poll(cls: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    found = subject_of(context)
    if found is None:
        cls.poll_message_set("Import a track first")
    elif found.holder.library is not None:
        cls.poll_message_set("It is linked from another file: change it there")
    else:
        return True
    return False


class SetNeutral(bpy.types.Operator):
    """Choose the frame that shows the resting face"""

    bl_idname = "flame.set_neutral"
    bl_label = "Neutral Frame"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    how: str
    __annotations__: ClassVar = {
        "how": bpy.props.EnumProperty(
            name="Frame",
            items=[
                ("CURRENT", "This Frame", "The face rests in the frame that the scene shows"),
                (
                    "ADD",
                    "This Frame, Too",
                    "The face rests in the frame that the scene shows, too: the median counts",
                ),
                ("PROPOSED", "Find It", "The most frontal and most still frame, in which the face does least"),
                ("NONE", "None", "Weights count from the head's own resting shape, as tracked"),
            ],
            options={"SKIP_SAVE"},
        )
    }

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        """Say what is counted from where."""
        if properties.how == "NONE":
            return "Take the weights as they were tracked"
        what = "Find the frame in which the face rests" if properties.how == "PROPOSED" else "The face rests here"
        return f"{what}: its values are subtracted, and lids are scaled between this person's open and closed"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need an import."""
        return _poll(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set it, and have it played."""
        subject = subject_of(context)
        assert subject is not None
        frames = self._frames(context, subject)
        if isinstance(frames, Failure):
            self.report({"ERROR"}, str(frames))
            return {"CANCELLED"}
        subject.properties.take_neutral(frames)
        if self.how == "PROPOSED" and frames:
            self.report({"INFO"}, f"The face rests in frame {frames[0]} of the clip.")
        return {"FINISHED"}

    def _frames(self, context: bpy.types.Context, subject: Subject) -> tuple[int, ...] | Failure:
        if self.how == "NONE":
            return ()
        take = subject.read()
        if isinstance(take, Failure):
            return take
        if self.how == "PROPOSED":
            row = propose_neutral(take.performance)
            clip_frame = None if row is None else int(take.clip_frame[row])
        else:
            clip_frame = subject.clip_frame_at(take, context.scene.frame_current)
        if clip_frame is None:
            return Failure(
                "neutral-outside", "This frame of the scene shows no frame of the clip.", "Go to one that does."
            )
        before = subject.properties.neutral_frames() if self.how == "ADD" else ()
        frames = tuple(sorted({*before, clip_frame}))
        problem = neutral_problem(take.performance, Calibration(take.rows_of((clip_frame,))))
        return problem or frames


class ResetCalibration(bpy.types.Operator):
    """Play a region, or the whole face, as it was tracked; the neutral frame stays"""

    bl_idname = "flame.reset_calibration"
    bl_label = "Reset Calibration"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    region: str
    __annotations__: ClassVar = {
        "region": bpy.props.EnumProperty(
            name="Region",
            items=[("all", "Whole Face", "All regions and channels"), *((name, name.title(), "") for name in REGIONS)],
            options={"SKIP_SAVE"},
        )
    }

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need an import."""
        return _poll(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set everything back."""
        properties = _calibration(context)
        if self.region == "all":
            properties.take(Calibration())
            return {"FINISHED"}
        channels = [name for name in CHANNELS if region_of(name) == self.region]
        with live.silent():
            properties.region(self.region).take(AS_IT_IS)
            for name in channels:
                properties.channel(name).take(AS_IT_IS)
        live.tell(properties.id_data, affected(frozenset(channels)))
        return {"FINISHED"}


class UseCalibrationPreset(bpy.types.Operator):
    """Calibrate as a preset says; the neutral frame stays"""

    bl_idname = "flame.use_calibration_preset"
    bl_label = "Use Calibration Preset"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    name: str
    __annotations__: ClassVar = {"name": bpy.props.StringProperty(name="Preset", options={"SKIP_SAVE"})}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need an import."""
        return _poll(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set all values."""
        properties = _calibration(context)
        preset = presets.read(self.name)
        if isinstance(preset, Failure):
            self.report({"ERROR"}, str(preset))
            return {"CANCELLED"}
        properties.take(preset)
        return {"FINISHED"}


class SaveCalibrationPreset(bpy.types.Operator):
    """Save the calibration as a preset, without the neutral frame, which belongs to one take"""

    bl_idname = "flame.save_calibration_preset"
    bl_label = "Save Calibration Preset"
    bl_options: ClassVar = {"INTERNAL"}

    name: str
    __annotations__: ClassVar = {
        "name": bpy.props.StringProperty(name="Name", description="Of the preset", maxlen=60, options={"SKIP_SAVE"})
    }

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need an import."""
        return _poll(cls, context)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask for the name."""
        return context.window_manager.invoke_props_dialog(self)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write it; one of the same name is replaced."""
        properties = _calibration(context)
        name = self.name.strip()
        if not name or name in PRESETS:
            self.report({"ERROR"}, f"'{name}' comes with the program. Choose another name." if name else "Give a name.")
            return {"CANCELLED"}
        problem = presets.save(name, properties.calibration())
        if problem is not None:
            self.report({"ERROR"}, str(problem))
            return {"CANCELLED"}
        return {"FINISHED"}


class RemoveCalibrationPreset(bpy.types.Operator):
    """Remove this preset; calibrations that it was used for stay as they are"""

    bl_idname = "flame.remove_calibration_preset"
    bl_label = "Remove Calibration Preset"
    bl_options: ClassVar = {"INTERNAL"}

    name: str
    __annotations__: ClassVar = {"name": bpy.props.StringProperty(name="Preset", options={"SKIP_SAVE"})}

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Remove its file."""
        problem = presets.remove(self.name)
        if problem is not None:
            self.report({"ERROR"}, str(problem))
            return {"CANCELLED"}
        return {"FINISHED"}


CLASSES: Final = (SetNeutral, ResetCalibration, UseCalibrationPreset, SaveCalibrationPreset, RemoveCalibrationPreset)
