"""Result that panel, timeline and operators speak of, and what is known of it. Cheap enough for every redraw."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import bpy

from ...backend.contract.failure import Failure
from ...backend.contract.options import options_of
from ...backend.contract.settings import SceneSettings
from .. import redrawing
from ..file_stamp import is_of_time
from ..nodes import scene_state
from ..paths import absolute, take_name
from ..polling import Poller
from ..scene.camera.motion import motion_of
from ..scene.origin import file_of
from ..scene.parts import Parts, find_collection, is_import, parts_of
from ..scene.record import read_record
from .review import Placement, Review, TrackFacts, Watch, review_of

WATCH: Final = Watch()


@dataclass(frozen=True)
class Result:
    """A track that is in the scene, or that could be.

    Attributes:
        file: Track file, None where it came from no file.
        collection: Of its import, None where it is not in the scene.
        node: Scene node that says how it is imported, None where it was imported without one.
    """

    file: Path | None
    collection: bpy.types.Collection | None
    node: Any | None

    @property
    def name(self) -> str:
        """What people call it."""
        if self.collection is not None:
            return self.collection.name
        return take_name(self.file) if self.file is not None else "Track"

    @property
    def parts(self) -> Parts | Failure | None:
        """What was made of it; None where nothing was."""
        return None if self.collection is None else parts_of(self.collection)

    @property
    def settings(self) -> SceneSettings:
        """With which it would be imported or brought up to date now; who moves stays as it was switched."""
        if self.node is not None:
            return self.node.settings(bpy.context.scene)
        settings = SceneSettings() if self.collection is None else read_record(self.collection).settings
        parts = self.parts
        if not isinstance(parts, Parts) or parts.shares_camera:
            return settings
        return replace(settings, motion=motion_of(parts.camera))

    @property
    def placement(self) -> Placement:
        """How it lies in the scene, or would."""
        if self.collection is None:
            settings = self.settings
            return Placement(settings.start_at, settings.first_frame, settings.last_frame)
        record = read_record(self.collection)
        settings = record.settings
        start_at = settings.start_at if record.start_at is None else record.start_at
        return Placement(start_at, settings.first_frame, settings.last_frame, record.shown_at or record.played)


def chosen(context: bpy.types.Context) -> Result | None:
    """Return the result that is meant: the active object's, else the node tree's, else that of the scene's camera."""
    scene = context.scene
    if scene is None:
        return None
    thing = getattr(context, "active_object", None)
    collection = import_of(thing, scene) if thing is not None else None
    tree = tree_file(context)
    if collection is None and tree is not None:
        return _shown(*tree, scene)
    if collection is None and scene.camera is not None:
        collection = import_of(scene.camera, scene)
    if collection is None:
        collection = next((each for each in scene.collection.children_recursive if is_import(each)), None)
    if collection is None:
        return None
    file = file_of(collection)
    of_tree = tree is not None and (tree[0] == file or find_collection(scene, str(tree[0])) == collection)
    return Result(file, collection, tree[1] if tree is not None and of_tree else None)


def import_of(thing: bpy.types.Object, scene: bpy.types.Scene) -> bpy.types.Collection | None:
    """Return the collection of the imported track to which an object belongs, also below further collections."""
    for collection in thing.users_collection:
        if is_import(collection):
            return collection
    for collection in scene.collection.children_recursive:
        if is_import(collection) and collection.all_objects.get(thing.name) == thing:
            return collection
    return None


def result_of(file: Path, context: bpy.types.Context) -> Result:
    """Return the result that a track file is in the scene of the context."""
    tree = tree_file(context)
    node = tree[1] if tree is not None and tree[0] == file else None
    return Result(file, find_collection(context.scene, str(file)), node)


def _shown(file: Path, node: Any, scene: bpy.types.Scene) -> Result:
    """Return what the tree has made: of several versions the one that is in the scene."""
    collection = find_collection(scene, str(file))
    active = file_of(collection) if collection is not None else None
    return Result(active or file, collection, node)


def tree_file(context: bpy.types.Context) -> tuple[Path, Any] | None:
    """Return the track file of the scene's node tree and its Scene node; None where the tree writes none."""
    tree = scene_state.active_tree(context)
    track = scene_state.node_of(tree, "track", context.scene)
    file = None if track is None else file_of_node(track, context.scene)
    return None if file is None else (file, scene_state.node_of(tree, "scene", context.scene))


def file_of_node(track: Any, scene: bpy.types.Scene) -> Path | None:
    """Return the file that a Track File node writes, None where that cannot be said."""
    settings = track.settings(scene)
    return None if isinstance(settings, Failure) else absolute(settings.path)


def facts_of(result: Result) -> TrackFacts | None:
    """Return what the disk says of a result, None before it has been looked at. For drawing: returns at once."""
    if result.file is None:
        return None
    if not bpy.app.background:
        POLLER.start()
    return WATCH.facts(result.file)


def facts_now(result: Result) -> TrackFacts | None:
    """Return what the disk says of a result, looked at now. For operators."""
    return None if result.file is None else WATCH.learn(result.file)


def review_now(result: Result) -> Review | None:
    """Return the review of a result, its file looked at now."""
    facts = facts_now(result)
    return None if facts is None else review_of(facts, result.placement)


def is_outdated(result: Result, facts: TrackFacts) -> bool:
    """Whether the file has been written again since it was imported."""
    if result.collection is None or facts.stamp is None:
        return False
    stamp = read_record(result.collection).stamp
    return stamp is not None and stamp != (facts.changed if is_of_time(stamp) else facts.stamp)


def has_other_options(result: Result) -> bool:
    """Whether the import options were changed since they were used. Who moves counts as it was switched last."""
    if result.collection is None or result.node is None:
        return False
    now, then = result.settings, read_record(result.collection).settings
    parts = result.parts
    if isinstance(parts, Parts) and not parts.shares_camera:
        then = replace(then, motion=motion_of(parts.camera))
    # Files count by name, since projects move; what is asked for the first import alone does not.
    return any(_option(now, name) != _option(then, name) for name in _APPLIED)


def _option(settings: SceneSettings, name: str) -> Any:
    value = getattr(settings, name)
    return Path(value).name if name == "texture" else value


_APPLIED: Final = tuple(
    each.name for each in options_of(SceneSettings) if each.name not in ("camera_view", "place", "collection")
)


def _poll() -> float | None:
    """Let the watch work, and draw anew where there is news. Runs only while something asks."""
    if WATCH.poll():
        redrawing.RESULTS.redraw()
    return 0.25 if WATCH.wanted else None


POLLER: Final = Poller(_poll, delay=0.01)


CLASSES: Final = ()


def unregister() -> None:
    """Stop looking at files."""
    POLLER.stop()
    WATCH.forget()
