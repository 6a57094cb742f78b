"""File > Export > Performance: weights, gaze and head for Live Link Face, MetaHuman or VRM, calibrated as in the panel.

The camera and the head's mesh have exports of their own, see `export_take`; this one writes what other faces act.
"""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Final

import bpy

from ...backend.contract.failure import Failure
from ...backend.contract.marks import PROGRAM
from ...backend.contract.options import options_of
from ...backend.contract.output_settings import PERFORMANCE_FORMATS, ExportSettings
from ...backend.contract.outputs import EXPORT
from ...backend.contract.performance.calibration import calibrated, neutral_problem
from ...backend.contract.performance.formats.take_names import TakeName
from ...backend.contract.performance.formats.writing import SOUND, Contents, Take, files_of, losses_of, write_files
from ...backend.contract.targets import TargetRefused, Targets
from ..calibration.hand_edits import edited_take
from ..calibration.subject import Subject, subject_of
from ..calibration.takes import Take as CalibratedTake
from ..calibration.takes import calibration_of
from ..paths import absolute, take_name
from ..results import selection
from ..scene.footage.sound_samples import sound_of, wav_of
from ..scene.origin import file_of
from ..text import paragraph
from .file_menus import draw_targets, export_menu

_TARGETS: Final = tuple(
    option for option in options_of(ExportSettings) if option.name in PERFORMANCE_FORMATS and option.name != "camera"
)
"""Formats as the node Export has them; the scene's camera, which may have been edited, is a target of *Export Take*."""


class ExportPerformance(bpy.types.Operator):
    """Write the performance, calibrated, for another program"""

    bl_idname = "flame.export_performance"
    bl_label = "Export Performance"
    bl_options: ClassVar = {"REGISTER"}
    directory: str
    target: str
    overwrite: bool
    layout: Any
    __annotations__: ClassVar = {
        "directory": bpy.props.StringProperty(subtype="DIR_PATH", description="Folder for a folder of the format"),
        "filter_folder": bpy.props.BoolProperty(default=True, options={"HIDDEN"}),
        "target": bpy.props.EnumProperty(
            name="Format",
            description="What the files are for",
            items=[(option.name, option.label, option.help) for option in _TARGETS],
        ),
        "overwrite": bpy.props.BoolProperty(
            name="Replace Other Files",
            description="Replace a folder of this name although other programs have written into it",
            options={"SKIP_SAVE"},
        ),
    }

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        """Return what the chosen format is for."""
        return next(option.help for option in _TARGETS if option.name == properties.target)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a performance."""
        if subject_of(context) is None:
            cls.poll_message_set("Import a track first")
            return False
        return True

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask where to, and say meanwhile what the format cannot hold."""
        take = _take(context)
        if isinstance(take, Failure):
            self.report({"ERROR"}, str(take))
            return {"CANCELLED"}
        if not self.directory:
            subject = subject_of(context)
            track = None if subject is None else _track_of(subject)
            self.directory = str(track.parent / EXPORT if track is not None else Path(bpy.path.abspath("//")))
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def draw(self, context: bpy.types.Context) -> None:
        """Show in the file browser what will be missing from the files."""
        column = self.layout.column()
        column.prop(self, "target")
        column.prop(self, "overwrite")
        paragraph(column, context, f"Writes the folder '{self.target}' here.", icon="INFO")
        take = _take(context, known=True)
        for notice in [] if isinstance(take, Failure) else losses_of(self.target, take):
            paragraph(column.box(), context, f"{notice.sentence} {notice.advice}", icon="ERROR")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write the files."""
        if not self.directory:
            self.report({"ERROR"}, "No folder is named. Say where to write with directory=…")
            return {"CANCELLED"}
        written = _written(context, self.target, absolute(self.directory) / self.target, Targets(self.overwrite))
        if isinstance(written, Failure):
            self.report({"ERROR"}, str(written))
            return {"CANCELLED"}
        take, names = written
        for notice in losses_of(self.target, take):
            self.report({"WARNING"}, f"{notice.sentence} {notice.advice}".rstrip())
        self.report({"INFO"}, f"Wrote {len(take.acted)} frames: {', '.join(names)}")
        return {"FINISHED"}


def _written(
    context: bpy.types.Context, target: str, folder: Path, targets: Targets
) -> tuple[Take, tuple[str, ...]] | Failure:
    """Write the folder of a format; return the take and the names of its files."""
    take = _take(context)
    if isinstance(take, Failure):
        return take
    files = files_of(target, take)
    if isinstance(files, Failure):
        return files
    if target == "live_link":
        files |= _sound(context, take)
    try:
        targets.write_folder(folder, lambda beside: write_files(beside, files))
    except TargetRefused as refused:
        return refused.failure
    except OSError as error:
        return Failure(
            "output-not-writable",
            f"The files cannot be written to {folder}: {error.strerror or error}.",
            "Choose a folder that you may write to.",
        )
    return take, tuple(files)


def _take(context: bpy.types.Context, *, known: bool = False) -> Take | Failure:
    """Return the calibrated performance with its name.

    Args:
        context: Of the export.
        known: Whether edits of the rig as they were found the last time will do: while drawing.
    """
    subject = subject_of(context)
    assert subject is not None
    found = subject.read()
    if isinstance(found, Failure):
        return found
    result = selection.chosen(context)
    if result is not None and result.collection == subject.holder:
        found, _ = edited_take(found, result, known=known)
    calibration = calibration_of(subject.holder, found)
    problem = neutral_problem(found.performance, calibration)
    if problem is not None:
        return problem
    track = _track_of(subject)
    clip = Path(found.performance.name).stem
    performance = replace(calibrated(found.performance, calibration), name=clip)
    name = TakeName(datetime.date.today(), take_name(track, clip) if track is not None else clip)
    return Take(performance, name, PROGRAM)


def _sound(context: bpy.types.Context, take: Take) -> Contents:
    """Return the sound of the footage from the first to the last frame, where it is heard with the import."""
    subject = subject_of(context)
    found = None if subject is None else subject.read()
    if subject is None or not isinstance(subject.holder, bpy.types.Collection) or not isinstance(found, CalibratedTake):
        return {}
    path = sound_of(subject.holder)
    if path is None:
        return {}
    performance = found.performance
    begin = float(found.clip_frame[0] / performance.rate)
    wav = wav_of(path, begin, begin + float(performance.time[-1]) + 1 / float(performance.rate))
    return {} if wav is None else {f"{take.name.stem}{SOUND}": wav}


def _track_of(subject: Subject) -> Path | None:
    return file_of(subject.holder) if isinstance(subject.holder, bpy.types.Collection) else None


CLASSES: Final = (ExportPerformance,)


def register() -> None:
    """Offer the menu under File > Export."""
    export_menu().append(_draw_menu)


def unregister() -> None:
    """Take the menu away."""
    export_menu().remove(_draw_menu)


def _draw_menu(self: Any, _context: bpy.types.Context) -> None:
    draw_targets(self.layout, ExportPerformance.bl_idname, "FLAME Performance")
