"""Batch: many clips tracked at once with the settings of the scene's tree, stopped, resumed, shown and imported."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

import bpy

from ...backend.contract.batch_files import SOME_FAILED
from ...backend.contract.failure import Failure
from ...backend.contract.settings import SceneSettings
from ...backend.contract.supervision.run_state import RunState
from ..engine.batch_run import BatchRequest, BatchRun
from ..nodes.scene_state import active_tree, node_of
from ..paths import absolute
from ..results.first_view import import_and_show
from ..tracking import batch, batch_list
from .file_menus import import_menu
from .video import folder_to_open

CLIP_FILES: Final = {
    "directory": bpy.props.StringProperty(
        name="Folder", description="Folder of the clips", subtype="DIR_PATH", options={"SKIP_SAVE", "HIDDEN"}
    ),
    "files": bpy.props.CollectionProperty(
        type=bpy.types.OperatorFileListElement, name="Clips", options={"SKIP_SAVE", "HIDDEN"}
    ),
    "filter_movie": bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"}),
    "filter_image": bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"}),
    "filter_folder": bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"}),
}
"""Properties of a file browser in which clips are chosen, or their folder."""


class Batch(bpy.types.Operator):
    """Track many clips with the settings of this scene: all of a folder, or the chosen ones; one page at the end"""

    bl_idname = "flame.batch"
    bl_label = "Batch"

    directory: str
    files: Sequence[bpy.types.OperatorFileListElement]
    results: str
    workers: int
    all_faces: bool
    person: str
    layout: Any
    __annotations__: ClassVar = {
        **CLIP_FILES,
        "results": bpy.props.StringProperty(
            name="Results",
            description=f"Folder for the results; empty is {batch.RESULTS} in the folder of the clips",
            subtype="DIR_PATH",
        ),
        "workers": batch_list.WORKERS,
        "all_faces": bpy.props.BoolProperty(
            name="All Faces", description="Track everyone in each clip, seen through one lens"
        ),
        "person": bpy.props.StringProperty(
            name="Person",
            description="Who is in all of these clips: then all get one face shape. Empty: each gets its own",
        ),
    }

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need an engine that has no batch."""
        problem = batch.start_problem()
        if problem:
            cls.poll_message_set(problem)
        return not problem and context.scene is not None

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask for the clips."""
        if not self.directory:
            self.directory = str(folder_to_open(context))
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def draw(self, _context: bpy.types.Context) -> None:
        """Show the choices in the file browser."""
        self.layout.use_property_split = True
        self.layout.use_property_decorate = False
        self.layout.label(text="No file chosen: the whole folder", icon="INFO")
        for name in ("results", "workers", "all_faces"):
            self.layout.prop(self, name)
        row = self.layout.row()
        row.enabled = not self.all_faces
        row.prop(self, "person")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Start, and return at once where Blender has a window."""
        if not self.directory:
            self.report({"ERROR"}, "No folder was chosen. Choose a folder of clips, or some of its clips.")
            return {"CANCELLED"}
        made = batch.settings_of(active_tree(context), context.scene)
        if isinstance(made, Failure):
            self.report({"ERROR"}, str(made))
            return {"CANCELLED"}
        folder = absolute(self.directory)
        inputs = batch.chosen_inputs(folder, [each.name for each in self.files])
        request = BatchRequest(
            inputs=inputs,
            folder=absolute(self.results) if self.results else folder / batch.RESULTS,
            settings=made[0],
            added=made[1],
            all_faces=self.all_faces,
            people=["" if self.all_faces else self.person.strip()] * len(inputs),
            workers=self.workers,
        )
        return started(self, batch.start(request))


class ResumeBatch(bpy.types.Operator):
    """Go on with the batch: shots that are done are skipped, those that failed are tried again"""

    bl_idname = "flame.resume_batch"
    bl_label = "Resume Batch"

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Need a batch that is not through."""
        if batch.can_resume():
            return True
        cls.poll_message_set("There is no batch that was stopped, or in which shots failed")
        return False

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Start again."""
        return started(self, batch.resume())


class CancelBatch(bpy.types.Operator):
    """Stop the batch. What was finished is kept, and Resume goes on from there"""

    bl_idname = "flame.cancel_batch"
    bl_label = "Cancel Batch"

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Need a batch at work."""
        if batch.is_going():
            return True
        cls.poll_message_set("No batch is at work")
        return False

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Ask the engine to stop."""
        batch.cancel()
        return {"FINISHED"}


class OpenBatchPage(bpy.types.Operator):
    """Show the page about all shots in the browser: pictures, errors, what failed and why"""

    bl_idname = "flame.open_batch_page"
    bl_label = "Open Page"

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Need a batch."""
        if batch.current() is not None:
            return True
        cls.poll_message_set("No batch was started yet")
        return False

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Hand the page to the browser."""
        run = batch.current()
        assert run is not None
        if not run.page.is_file():
            self.report({"ERROR"}, f"There is no {run.page}. It is written a minute after the start, and at the end.")
            return {"CANCELLED"}
        batch.open_page(run.page)
        return {"FINISHED"}


class ImportBatchShot(bpy.types.Operator):
    """Bring the head, the camera and the footage of this shot into the scene"""

    bl_idname = "flame.import_batch_shot"
    bl_label = "Import Shot"
    bl_options: ClassVar = {"UNDO"}

    shot: str
    __annotations__: ClassVar = {
        "shot": bpy.props.StringProperty(name="Shot", description="Name of the shot", options={"SKIP_SAVE"})
    }

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a batch, and Object Mode: the mesh of a head could not be replaced while it is edited."""
        if batch.current() is None:
            cls.poll_message_set("No batch was started yet")
        elif context.mode != "OBJECT":
            cls.poll_message_set("Go back to Object Mode first")
        else:
            return True
        return False

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Import the track of every face of the shot, as the Scene node of the tree has it."""
        run = batch.current()
        assert run is not None
        tracks = run.tracks_of(self.shot) if self.shot in run.shots else []
        if not tracks:
            self.report({"ERROR"}, f"There is no track of {self.shot or 'that shot'}. Choose one that is done.")
            return {"CANCELLED"}
        node = node_of(active_tree(context), "scene", context.scene)
        settings = node.settings(context.scene) if node is not None else SceneSettings()
        if isinstance(settings, Failure):
            self.report({"ERROR"}, str(settings))
            return {"CANCELLED"}
        imported = [_import(self, track, settings, context.scene) for track in tracks]
        return {"FINISHED"} if any(imported) else {"CANCELLED"}


def _import(operator: bpy.types.Operator, track: Path, settings: SceneSettings, scene: bpy.types.Scene) -> bool:
    result = import_and_show(track, settings, scene)
    if isinstance(result, Failure):
        operator.report({"ERROR"}, str(result))
        return False
    for notice in result.notices:
        operator.report({"WARNING"}, f"{notice.sentence} {notice.advice}")
    return True


def started(operator: bpy.types.Operator, run: BatchRun | Failure) -> set[str]:
    """Say why a batch could not start; wait for it where Blender has no window."""
    if isinstance(run, Failure):
        operator.report({"ERROR"}, str(run))
        return {"CANCELLED"}
    if not bpy.app.background:
        return {"FINISHED"}
    batch.wait(run)
    through = run.state is RunState.DONE or (run.failure is not None and run.failure.code == SOME_FAILED)
    operator.report({"INFO"} if through else {"ERROR"}, batch.outcome(run))
    return {"FINISHED"} if through else {"CANCELLED"}


CLASSES: Final = (Batch, ResumeBatch, CancelBatch, OpenBatchPage, ImportBatchShot)


def register() -> None:
    """Offer the operator under File > Import."""
    import_menu().append(_draw_menu)


def unregister() -> None:
    """Take the operator out of the menu."""
    import_menu().remove(_draw_menu)


def _draw_menu(self: Any, _context: bpy.types.Context) -> None:
    self.layout.operator_context = "INVOKE_DEFAULT"
    self.layout.operator(Batch.bl_idname, text="FLAME Batch of Videos...")
