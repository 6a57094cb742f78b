"""Delivery of a finished track to its scene: when it may come, as which step of undo, and which import it renews."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import bpy

from ...backend.contract.failure import Failure, Notice
from ...backend.contract.supervision.run_state import Run
from ..nodes import state, take_files
from ..nodes.compile import Compiled, SceneImport
from ..nodes.tree import FlameTree
from ..own_operators import own_operators
from ..scene.origin import write_origin
from ..scene.parts import find_collection, origin_of
from ..scene.version_list import move_version
from .first_view import import_and_show

HIDDEN: Final = "flame_hidden"
"""Custom property of the collection of a take that was hidden here, and not by the user."""


def import_obstacle() -> str:
    """Return why nothing can be imported at the moment, or an empty text.

    What is changed while a mesh is edited would be lost to undo, and what is changed while a picture is rendered may
    be what the renderer reads.
    """
    layers = [window.view_layer for window in bpy.context.window_manager.windows]
    active = [layer.objects.active for layer in layers]
    if any(each is not None and each.mode != "OBJECT" for each in active):
        return "The result is imported as soon as you go back to Object Mode."
    if bpy.app.is_job_running("RENDER"):
        return "The result is imported as soon as the rendering is finished."
    return ""


def import_as_step(work: Callable[[], None]) -> None:
    """Import as one step of undo.

    With windows it is an operator of its own: Blender then no longer offers to adjust the one before it, which would
    take the import back.
    """
    windows = bpy.context.window_manager.windows
    if bpy.app.background or not windows:
        work()
        bpy.ops.ed.undo_push(message="Import FLAME Track")
        return
    with bpy.context.temp_override(window=windows[0]):
        own_operators().import_finished("EXEC_DEFAULT", True)


def deliver(wanted: SceneImport, tree: FlameTree, scene: bpy.types.Scene, compiled: Compiled, run: Run) -> None:
    """Bring one result into its scene, and keep with run and tree how that went."""
    node = tree.nodes.get(wanted.track_node)
    if node is not None:
        if take_files.file_of(node, scene) == wanted.track:
            take_files.decide(node, scene)  # Undo may have taken that back while the engine worked.
        _follow(node, wanted.track, scene)
    there = find_collection(scene, origin_of(wanted.track, ""))
    if there is not None and HIDDEN in there:
        _show(scene, there, True)
    made = import_and_show(wanted.track, wanted.settings, scene)
    if isinstance(made, Failure):
        run.notices.append(Notice(made.code, made.sentence, made.advice))
        state.remember_import(tree, compiled, wanted.node, made)
        return
    others = take_files.other_takes(node, wanted.track) if node is not None and made.parts.shares_camera else []
    known = (find_collection(scene, origin_of(file, "")) for file in others)
    hidden = [each for each in known if each is not None and each != made.parts.collection]
    for collection in hidden:
        _show(scene, collection, False)  # It would stand in the same place.
    run.notices.extend([*made.notices, *_said_of_range(node, wanted.track, bool(hidden))])
    state.remember_import(tree, compiled, wanted.node, None)


def _follow(node: Any, track: Path, scene: bpy.types.Scene) -> None:
    """Let the take's own import, made when its file lay in another folder, be the one that is brought up to date."""
    earlier = take_files.before(node, track)
    if earlier is None or find_collection(scene, origin_of(track, "")) is not None:
        return
    collection = find_collection(scene, origin_of(earlier, ""))
    if collection is not None:
        move_version(collection, earlier, track)
        write_origin(collection, track)


def _show(scene: bpy.types.Scene, collection: bpy.types.Collection, shown: bool) -> None:
    """Show the head of a take or hide it, in the views and in renders."""
    collection.hide_render = not shown
    if shown:
        del collection[HIDDEN]
    else:
        collection[HIDDEN] = True
    for layer in scene.view_layers:
        waiting = [layer.layer_collection]
        while waiting:
            each = waiting.pop()
            waiting.extend(each.children)
            if each.collection == collection:
                each.hide_viewport = not shown


def _said_of_range(node: Any, track: Path, hidden: bool) -> list[Notice]:
    """Say that a range has become a take of its own where the whole clip was tracked before."""
    frames = take_files.range_of_tracked_clip(node, track) if node is not None else ""
    if not frames:
        return []
    return [
        Notice(
            "range-is-a-take",
            f"Frames {frames.replace('-', ' to ')} became a take of their own, {track.name}.",
            "The track of the whole clip stays as it is; its head is hidden, click its eye in the Outliner to see it."
            if hidden
            else "The track of the whole clip and its head stay as they are.",
        )
    ]
