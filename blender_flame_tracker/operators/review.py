"""Operator of *Make Review*: one film of footage and result; in a window frame by frame, so that Esc stops it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Final

import bpy

from ...backend.contract.failure import Failure
from ..paths import absolute, folder_problem
from ..properties import annotations_of, settings_from
from ..results import selection
from ..review.making import Review, cannot_render, make_review, review_path
from ..review.review_settings import ReviewSettings
from ..scene.parts import Parts
from .scene import imported_for

_PAUSE: Final = 0.01
"""Seconds between two pictures, in which the window is drawn."""


class MakeReview(bpy.types.Operator):
    """Write a film of the footage beside what was made of it, with sound, frame numbers and time code"""

    bl_idname = "flame.make_review"
    bl_label = "Make Review"
    bl_options: ClassVar = {"REGISTER"}
    filepath: str
    layout: Any
    __annotations__ = {
        "filepath": bpy.props.StringProperty(subtype="FILE_PATH"),
        "filter_glob": bpy.props.StringProperty(default="*.mp4", options={"HIDDEN"}),
        "check_existing": bpy.props.BoolProperty(default=True, options={"HIDDEN"}),
        **annotations_of(ReviewSettings),
    }

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need an import with footage, and a Blender that writes films."""
        parts = imported_for(cls, context)
        if parts is not None and parts.clip is None:
            cls.poll_message_set("There is no footage behind the head: import with Footage on")
            return False
        if parts is not None and not bpy.app.build_options.codec_ffmpeg:
            cls.poll_message_set("This Blender was built without FFmpeg and writes no films")
            return False
        return parts is not None

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask where to and what."""
        found = selection.chosen(context)
        assert found is not None and isinstance(found.parts, Parts)
        self.filepath = str(review_path(found.parts, found.file))
        context.window_manager.fileselect_add(self)
        self._asked = True
        return {"RUNNING_MODAL"}

    def draw(self, _context: bpy.types.Context) -> None:
        """Show the settings in the file browser."""
        self.layout.use_property_split = True
        self.layout.use_property_decorate = False
        for name in annotations_of(ReviewSettings):
            self.layout.prop(self, name)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Make the film: at once in a script, frame by frame after the file browser."""
        found = selection.chosen(context)
        assert found is not None and isinstance(found.parts, Parts)
        if not self.filepath:
            self.report({"ERROR"}, "No file is named. Say where to write with filepath=…")
            return {"CANCELLED"}
        path = absolute(bpy.path.ensure_ext(self.filepath, ".mp4"))
        wanted = settings_from(self, ReviewSettings)
        if bpy.app.background or not getattr(self, "_asked", False):
            return self._tell(make_review(context.scene, found.parts, wanted, path), path)
        problem = folder_problem(path.parent)  # Before minutes are spent on pictures.
        if problem is not None:
            return self._tell(problem, path)
        self._path = path
        self._review = Review(context.scene, found.parts, wanted)
        manager = context.window_manager
        self._timer = manager.event_timer_add(_PAUSE, window=context.window)
        manager.progress_begin(0, 100)
        manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Make a picture a time; Esc stops, and nothing is written."""
        if event.type == "ESC":
            self._end(context)
            self.report({"INFO"}, "The review was stopped; no film was written")
            return {"CANCELLED"}
        if event.type != "TIMER":
            return {"RUNNING_MODAL"}
        failure: Failure | None = None
        try:
            more = self._review.step()
            context.window_manager.progress_update(round(100 * self._review.done))
            context.workspace.status_text_set(f"Review: {100 * self._review.done:.0f} %   Esc stops")
            if more:
                return {"RUNNING_MODAL"}
            failure = self._review.write(self._path)
        except RuntimeError as error:
            failure = cannot_render(error)
        self._end(context)
        return self._tell(failure, self._path)

    def _end(self, context: bpy.types.Context) -> None:
        manager = context.window_manager
        manager.event_timer_remove(self._timer)
        manager.progress_end()
        context.workspace.status_text_set(None)
        self._review.close()

    def _tell(self, failure: Failure | None, path: Path) -> set[str]:
        if failure is not None:
            self.report({"ERROR"}, str(failure))
            return {"CANCELLED"}
        self.report({"INFO"}, f"Wrote {path}")
        return {"FINISHED"}


CLASSES: Final = (MakeReview,)
