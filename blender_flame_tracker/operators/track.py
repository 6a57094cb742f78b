"""Track, resume, cancel; and what is asked when a run cannot start as things are."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, ClassVar, Final

import bpy
from bpy.app.handlers import persistent

from ...backend.contract.failure import Failure
from ...backend.contract.file_access import is_folder
from ...backend.contract.job import Job
from ...backend.contract.supervision.run_state import Run, RunState
from ...backend.contract.targets import TAKEN
from ..names import TREE
from ..nodes import run_registry
from ..nodes.compile import Compiled, compile_tree
from ..nodes.scene_state import active_tree, flame_of
from ..nodes.tree import FlameTree
from ..own_operators import own_operators
from ..paths import absolute, relative
from ..text import paragraph
from ..tracking import all_faces, preflight, retaking, runs


def start_for(
    operator: bpy.types.Operator,
    tree: FlameTree,
    scene: bpy.types.Scene,
    target: str = "",
    *,
    overwrite: bool = False,
    compiled: Compiled | Failure | None = None,
) -> set[str]:
    """Start a run from a button and return at once; where a video, a folder or a permission is missing, ask for it."""
    run = _begun(tree, scene, target, overwrite, compiled)
    if not isinstance(run, Failure):
        flame_of(scene).fold_settings()
        return {"FINISHED"}
    asks = {
        "video-not-found": own_operators().find_video,
        "folder-not-writable": own_operators().choose_result_folder,
        "folder-taken": own_operators().choose_result_folder,
        TAKEN: own_operators().replace_files,
    }
    ask = asks.get(run.code) if compiled is None else None
    if ask is None or bpy.app.background:
        operator.report({"ERROR"}, str(run))
        return {"CANCELLED"}
    # No error here: its pop-up would stand before the file browser.
    operator.report({"WARNING"}, str(run))
    ask("INVOKE_DEFAULT", tree=tree.session_uid, target=target, reason=str(run))
    return {"FINISHED"}


def run_for(
    operator: bpy.types.Operator,
    tree: FlameTree,
    scene: bpy.types.Scene,
    target: str = "",
    *,
    overwrite: bool = False,
    compiled: Compiled | Failure | None = None,
) -> set[str]:
    """Run from a script, return when all is over, and report it."""
    run = _begun(tree, scene, target, overwrite, compiled)
    if isinstance(run, Failure):
        operator.report({"ERROR"}, str(run))
        return {"CANCELLED"}
    runs.wait(run)
    for level, text in runs.outcome(run):
        operator.report({level}, text)
    if runs.waiting_import(tree):
        operator.report({"WARNING"}, runs.waiting_import(tree))
    return {"FINISHED"} if run.state is RunState.DONE else {"CANCELLED"}


def _begun(
    tree: FlameTree, scene: bpy.types.Scene, target: str, overwrite: bool, compiled: Compiled | Failure | None
) -> Run | Failure:
    """Start what was compiled, or the tree as it is set where nothing was."""
    if compiled is None:
        return runs.start(tree, scene, target or None, overwrite=overwrite)
    return compiled if isinstance(compiled, Failure) else runs.begin(tree, scene, compiled, overwrite=overwrite)


def _tree_of(context: bpy.types.Context) -> Any:
    """Return the tree that is looked at: that of the node editor, else that of the scene."""
    shown = getattr(context.space_data, "edit_tree", None)
    return shown if shown is not None and shown.bl_idname == TREE else active_tree(context)


def _going(tree: FlameTree | None) -> bool:
    run = run_registry.run_of(tree)
    return run is not None and not run.state.final


def _closes_a_window(context: bpy.types.Context) -> bool:
    """Whether ESC is pressed where it closes something: in a file browser, or in a window that is open for a moment."""
    space, screen = context.space_data, context.screen
    return (space is not None and space.type == "FILE_BROWSER") or (screen is not None and screen.is_temporary)


def can_start(cls: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    """Whether the scene's tree can be run; where not, the tooltip says why."""
    tree = active_tree(context)
    if tree is None:
        cls.poll_message_set("Choose a video first")
    elif _going(tree):
        cls.poll_message_set("It is being tracked already")
    else:
        return True
    return False


def alone(context: bpy.types.Context) -> Any:
    """Return the scene's tree, of which one face is tracked."""
    tree = active_tree(context)
    if tree is not None:
        all_faces.forget(tree)
    return tree


class Track(bpy.types.Operator):
    """Track the head in the video; Blender stays usable meanwhile, and ESC cancels"""

    bl_idname = "flame.track"
    bl_label = "Track"
    bl_options: ClassVar = {"UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a tree that is not running."""
        return can_start(cls, context)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Start and return."""
        return start_for(self, alone(context), context.scene)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Run and wait."""
        return run_for(self, alone(context), context.scene)


class Resume(bpy.types.Operator):
    """Go on where the last run stopped: what was finished is not done again"""

    bl_idname = "flame.resume"
    bl_label = "Resume"
    bl_options: ClassVar = {"UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a run that was stopped."""
        if not can_start(cls, context):
            return False
        run = run_registry.run_of(active_tree(context))
        if run is None or run.state not in (RunState.CANCELLED, RunState.FAILED):
            cls.poll_message_set("There is no run that was cancelled or that failed")
            return False
        return True

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Start and return."""
        tree = alone(context)
        return start_for(self, tree, context.scene, compiled=retaking.stopped_retake(tree))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Run and wait."""
        tree = alone(context)
        return run_for(self, tree, context.scene, compiled=retaking.stopped_retake(tree))


class Cancel(bpy.types.Operator):
    """Stop the run. What was finished is kept, and Resume goes on from there"""

    bl_idname = "flame.cancel"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a run."""
        if _going(_tree_of(context)):
            return True
        cls.poll_message_set("Nothing is running")
        return False

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Take ESC, unless something else was meant: the playback that it has just stopped, or a file browser."""
        if time.monotonic() - _playback_ended < PLAYBACK_REST or _closes_a_window(context):
            return {"PASS_THROUGH"}
        return self.execute(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Ask the engine to stop; it is killed when it does not."""
        runs.cancel(_tree_of(context))
        return {"FINISHED"}


class ImportFinished(bpy.types.Operator):
    """Bring what is finished into the scene"""

    bl_idname = "flame.import_finished"
    bl_label = "Import FLAME Track"
    # It has nothing to adjust. Being the last one that could be adjusted, it keeps Blender from offering an earlier
    # one, whose adjustment would take the imported head away.
    bl_options: ClassVar = {"REGISTER", "UNDO", "INTERNAL"}

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Import all that waits."""
        runs.import_due()
        return {"FINISHED"}


class Announce(bpy.types.Operator):
    """Tell how a run ended"""

    bl_idname = "flame.announce"
    bl_label = "Tracking"
    bl_options: ClassVar = {"INTERNAL"}

    # Blender shows the reports of an operator only where it called it itself, not a script. It calls `modal`.

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Wait for the first tick of a timer."""
        self._timer = context.window_manager.event_timer_add(0.01, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Report, and be done."""
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        context.window_manager.event_timer_remove(self._timer)
        return self.execute(context)

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Report."""
        for level, text in runs.take_unreported():
            self.report({level}, text)
        return {"FINISHED"}


class _Ask:
    """A file browser that opens because a run could not start, and starts it afterwards."""

    bl_options: ClassVar = {"UNDO", "INTERNAL"}
    __annotations__ = {
        "tree": bpy.props.IntProperty(options={"HIDDEN", "SKIP_SAVE"}),
        "target": bpy.props.StringProperty(options={"HIDDEN", "SKIP_SAVE"}),
        "reason": bpy.props.StringProperty(options={"HIDDEN", "SKIP_SAVE"}),
    }

    def invoke(self: Any, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Open the file browser."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def draw(self: Any, context: bpy.types.Context) -> None:
        """Say in the file browser why it is open."""
        paragraph(self.layout, context, self.reason, icon="INFO")

    def execute(self: Any, context: bpy.types.Context) -> set[str]:
        """Set what was chosen, and start."""
        tree = runs.tree_of(self.tree) or active_tree(context)
        if tree is None:
            self.report({"ERROR"}, runs.TREE_GONE)
            return {"CANCELLED"}
        compiled = compile_tree(tree, context.scene, self.target or None)
        if isinstance(compiled, Failure):
            self.report({"ERROR"}, str(compiled))
            return {"CANCELLED"}
        self.change(tree, compiled.job)
        begin = run_for if bpy.app.background else start_for
        begin(self, tree, context.scene, self.target)
        return {"FINISHED"}


class FindVideo(_Ask, bpy.types.Operator):
    """Choose the video again that is not where it was, and track it"""

    bl_idname = "flame.find_video"
    bl_label = "Find Video"

    tree: int
    target: str
    filepath: str
    __annotations__ = {
        **_Ask.__annotations__,
        "filepath": bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"}),
        "filter_movie": bpy.props.BoolProperty(default=True, options={"HIDDEN"}),
        "filter_image": bpy.props.BoolProperty(default=True, options={"HIDDEN"}),
        "filter_folder": bpy.props.BoolProperty(default=True, options={"HIDDEN"}),
    }

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Open the file browser where the video was, or as near to that as there are folders still."""
        tree = runs.tree_of(self.tree) or active_tree(context)
        compiled = compile_tree(tree, context.scene, self.target or None) if tree is not None else None
        missing = preflight.missing_videos(compiled.job) if isinstance(compiled, Compiled) else {}
        lost = next(iter(missing.values()), Path.home())
        self.filepath = str(next((each for each in lost.parents if is_folder(each)), Path.home()) / lost.name)
        return super().invoke(context, event)

    def change(self, tree: FlameTree, job: Job) -> None:
        """Give the file to the nodes whose video is missing."""
        for name in preflight.missing_videos(job):
            video: Any = tree.nodes[name]
            video.path = relative(absolute(self.filepath))


class ChooseResultFolder(_Ask, bpy.types.Operator):
    """Choose another folder for the results, as the present one is of no use, and track"""

    bl_idname = "flame.choose_result_folder"
    bl_label = "Choose Folder"

    directory: str
    __annotations__ = {
        **_Ask.__annotations__,
        "directory": bpy.props.StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE"}),
        "filter_folder": bpy.props.BoolProperty(default=True, options={"HIDDEN"}),
    }

    def change(self, tree: FlameTree, job: Job) -> None:
        """Let the same folders be made in the chosen one."""
        chosen = absolute(self.directory)
        folders = preflight.output_folders(job)
        for name in preflight.output_problems(job):
            stage, folder = job.stage(name), folders[name]
            node: Any = tree.nodes[name]
            if stage.kind == "track":
                node.path = relative(chosen / folder.name / Path(stage.settings.path).name)
            else:
                node.folder = relative(chosen / folder.name)


CLASSES: Final = (Track, Resume, Cancel, ImportFinished, Announce, FindVideo, ChooseResultFolder)

PLAYBACK_REST: Final = 0.2
"""Seconds after the end of a playback in which ESC does not cancel."""

_playback_ended = float("-inf")


@persistent
def _after_playback(*_arguments: object) -> None:
    global _playback_ended  # noqa: PLW0603 - there is one playback
    _playback_ended = time.monotonic()


_keymaps: list[tuple[bpy.types.KeyMap, bpy.types.KeyMapItem]] = []


def register() -> None:
    """Let ESC cancel, in whichever editor it is pressed, while something runs. Without a window there are no keys.

    A modal operator would hear ESC too, but while one waits Blender saves no backup of the file.
    """
    bpy.app.handlers.animation_playback_post.append(_after_playback)
    keys = bpy.context.window_manager.keyconfigs.addon
    if keys is not None:
        keymap = keys.keymaps.new(name="Window", space_type="EMPTY")
        _keymaps.append((keymap, keymap.keymap_items.new(Cancel.bl_idname, "ESC", "PRESS")))


def unregister() -> None:
    """Take the key back."""
    for keymap, item in _keymaps:
        keymap.keymap_items.remove(item)
    _keymaps.clear()
    bpy.app.handlers.animation_playback_post.remove(_after_playback)
