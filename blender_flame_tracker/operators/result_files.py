"""Files that the engine wrote beside a track, shown: report, overlay, folder."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any, Final

import bpy

from ...backend.contract.outputs import OVERLAY, PLOT
from ..polling import Poller
from ..results import selection
from .result import chosen_for, facts_for, file_problem

_TICK: Final = 0.2
"""Seconds between two looks at the size of a new window."""

_MISSING: Final = {
    "report": f"There is no {PLOT} beside the track: the Report node writes it",
    "overlay": f"There is no {OVERLAY} beside the track: the Report node writes it",
}


class ShowReport(bpy.types.Operator):
    """Show the curves of the report in a window of their own"""

    bl_idname = "flame.show_report"
    bl_label = "Show Report"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a report."""
        return _has_file(cls, context, "report")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Open a window with an image editor."""
        report = _file_now(self, context, "report")
        if report is None:
            return {"CANCELLED"}
        if bpy.app.background:
            self.report({"ERROR"}, f"Blender runs without a window. The report is {report}")
            return {"CANCELLED"}
        show_picture(context, report)
        return {"FINISHED"}


class PlayOverlay(bpy.types.Operator):
    """Play the footage with the mesh drawn over it, in the system's player"""

    bl_idname = "flame.play_overlay"
    bl_label = "Play Overlay"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need an overlay."""
        return _has_file(cls, context, "overlay")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Hand the film to the system."""
        overlay = _file_now(self, context, "overlay")
        return {"CANCELLED"} if overlay is None else _open_outside(self, overlay)


class OpenFolder(bpy.types.Operator):
    """Show the folder with the track file, the report and the overlay in the system's file manager"""

    bl_idname = "flame.open_folder"
    bl_label = "Open Folder"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a folder."""
        found = chosen_for(cls, context)
        if found is None:
            return False
        facts = None if found.file is None else facts_for(found)
        there = found.file is not None and (facts is None or facts.folder)
        if not there:
            cls.poll_message_set("Its folder is no longer there" if found.file else "It came from no track file")
        return there

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Hand the folder to the system."""
        found = selection.chosen(context)
        assert found is not None and found.file is not None
        return _open_outside(self, found.file.parent)


def _has_file(cls: type[bpy.types.Operator], context: bpy.types.Context, name: str) -> bool:
    """Whether a file is there; what has not been looked at yet is looked at when the button is pressed."""
    found = chosen_for(cls, context)
    if found is None:
        return False
    problem = _problem_of(found, facts_for(found), name)
    if problem:
        cls.poll_message_set(problem)
    return not problem


def _file_now(operator: bpy.types.Operator, context: bpy.types.Context, name: str) -> Path | None:
    found = selection.chosen(context)
    assert found is not None
    facts = selection.facts_now(found)
    problem = _problem_of(found, facts, name)
    if problem:
        operator.report({"ERROR"}, problem)
    return None if problem else getattr(facts, name)


def _problem_of(found: selection.Result, facts: Any, name: str) -> str:
    if found.file is None:
        return file_problem(found, facts)
    if facts is None or getattr(facts, name) is not None:
        return ""
    return _MISSING[name] if facts.stamp is not None else file_problem(found, facts)


def _open_outside(operator: bpy.types.Operator, path: Path) -> set[str]:
    if bpy.app.background:
        operator.report({"ERROR"}, f"Blender runs without a window, so that {path} cannot be shown")
        return {"CANCELLED"}
    if sys.platform.startswith("linux") and shutil.which("xdg-open") is None:
        # Blender would say nothing but a traceback in its terminal.
        operator.report({"ERROR"}, f"This system has no xdg-open, with which files are shown. It is {path}")
        return {"CANCELLED"}
    try:
        return set(bpy.ops.wm.path_open(filepath=str(path)))
    except RuntimeError as error:
        operator.report({"ERROR"}, f"{path} could not be opened: {error}")
        return {"CANCELLED"}


def show_picture(context: bpy.types.Context, path: Path) -> None:
    """Show a picture in a new window. It is loaded anew, and leaves the file with the window."""
    image = bpy.data.images.load(str(path), check_existing=True)
    image.reload()
    before = set(context.window_manager.windows)
    bpy.ops.wm.window_new()
    (window,) = set(context.window_manager.windows) - before
    area = window.screen.areas[0]
    area.ui_type = "IMAGE_EDITOR"
    area.spaces.active.image = image
    Poller(_Fitting(window), _TICK).start()


class _Fitting:
    """Shows the whole picture, once its window has stopped changing its size, which some desktops do in steps."""

    def __init__(self, window: bpy.types.Window) -> None:
        self.window = window
        self.size: tuple[int, int] | None = None

    def __call__(self) -> float | None:
        """Return when to look again. The user may have closed the window by then."""
        if self.window not in list(bpy.context.window_manager.windows):
            return None
        area = self.window.screen.areas[0]
        region = next((each for each in area.regions if each.type == "WINDOW"), None)
        space = area.spaces.active
        if not isinstance(space, bpy.types.SpaceImageEditor) or region is None:
            return None
        # Regions of a new window are there only after its first drawing: what is set before is not kept.
        space.show_region_ui = space.show_region_toolbar = False
        if self.size != (region.width, region.height):
            self.size = (region.width, region.height)
            return _TICK
        with bpy.context.temp_override(window=self.window, area=area, region=region):
            bpy.ops.image.view_all(fit_view=True)
        # An operator that a timer calls redraws nothing by itself.
        area.tag_redraw()
        return None


CLASSES: Final = (ShowReport, PlayOverlay, OpenFolder)
