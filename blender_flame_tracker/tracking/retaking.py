"""Retakes: a range of a tracked clip is tracked again and joined into its track, as a new version that is shown.

What is run for it stands in `nodes.retake`.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

import bpy

from ...backend.contract.corrections.joining import joined_tracks
from ...backend.contract.failure import Failure, Notice
from ...backend.contract.file_access import is_file
from ...backend.contract.supervision.run_state import Run
from ...backend.contract.track import read_track, write_track
from ..nodes.compile import Compiled, Retaking
from ..nodes.retake import compile_retake, tracked_file
from ..nodes.run_registry import compiled_of
from ..nodes.scene_state import active_tree, flame_of, node_of
from ..nodes.tree import FlameTree
from ..pinning.files import MADE_FROM
from ..results.first_view import import_and_show
from ..scene.importer import ImportResult
from ..scene.origin import file_of
from ..scene.parts import find_collection, origin_of
from ..scene.version_list import label_of
from ..versions import activation


def base_of(context: bpy.types.Context) -> Path | None:
    """Return the track that a range would be joined into: the version that is shown, else what was tracked.

    None where the clip is not tracked as it is set, and where ranges shall be takes of their own.
    """
    scene, tree = context.scene, active_tree(context)
    track = node_of(tree, "track", scene)
    if track is None or node_of(tree, "video", scene) is None or not flame_of(scene).join_range:
        return None
    file = tracked_file(track, scene)
    collection = find_collection(scene, origin_of(file, "")) if file is not None else None
    shown = file_of(collection) if collection is not None else None
    return shown if shown is not None and is_file(shown) else file


def retake_of(context: bpy.types.Context, base: Path) -> Compiled | Failure:
    """Return what is run to track the scene's range again, to be joined into a track."""
    scene, tree = context.scene, active_tree(context)
    assert tree is not None
    return compile_retake(tree, scene, node_of(tree, "track", scene), base, flame_of(scene).blend_frames)


def stopped_retake(tree: FlameTree) -> Compiled | None:
    """Return what the latest run of a tree was made of where that was a retake, to go on with it."""
    compiled = compiled_of(tree)
    is_retake = compiled is not None and any(isinstance(each, Retaking) for each in compiled.imports)
    return compiled if is_retake else None


def deliver(wanted: Retaking, scene: bpy.types.Scene, run: Run) -> None:
    """Join a range into its track, and keep with the run how that went."""
    made = _joined(wanted, scene)
    if isinstance(made, Failure):
        run.notices.append(Notice(made.code, made.sentence, made.advice))
        return
    version = activation.active_version(made.parts.collection)
    run.notices.extend(made.notices)
    run.notices.append(
        Notice(
            "range-joined",
            f"Frames {wanted.words.replace('-', ' to ')} were tracked again and joined into the track.",
            f"The former one is still in the list Versions: {label_of(wanted.base)}."
            if version is None
            else f"This is the version {version.name}; the former one is still in the list.",
        )
    )


def _joined(wanted: Retaking, scene: bpy.types.Scene) -> ImportResult | Failure:
    base, part = read_track(wanted.base), read_track(wanted.track)
    if isinstance(base, Failure):
        return base
    if isinstance(part, Failure):
        return part
    joined = joined_tracks(base, part, wanted.blend_frames)
    if isinstance(joined, Failure):
        return joined
    file = activation.free_file(wanted.base, f"frames {wanted.words} again")
    # Of a pinned track the pins stay, but it is no longer made of the file beside it: further pins go on from here.
    header = {name: entry for name, entry in joined.header.items() if name != MADE_FROM}
    problem = write_track(file, replace(joined, header=header))
    if problem is not None:
        return problem
    made = _shown(wanted, scene, file)
    if not isinstance(made, Failure):
        _clear_away(wanted.track)
    return made


def _shown(wanted: Retaking, scene: bpy.types.Scene, file: Path) -> ImportResult | Failure:
    """Show the joined track where the former one is shown, or import it where none is."""
    collection = find_collection(scene, origin_of(wanted.base, ""))
    if collection is None:
        former = import_and_show(wanted.base, wanted.settings, scene)
        if isinstance(former, Failure):
            return former
        collection = former.parts.collection
    return activation.show_new(scene, collection, file, f"Frames {wanted.words} Again", wanted.base)


def _clear_away(part: Path) -> None:
    """Remove what was joined, and its folder if nothing else is in it."""
    with contextlib.suppress(OSError):
        part.unlink(missing_ok=True)
        part.parent.rmdir()
