"""Comparison of two versions in the 3D view: a slider goes from the head that is shown to the one chosen in the list.

While two are compared, a copy of the head's mesh stands in the space of the import's camera, in place of the head, and
gets its vertices on every frame: so it does not matter what moves, head or camera, nor whether keys or bones do it.
Nothing of the import itself is changed. Without a comparison nothing is done on any frame.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import bpy
import numpy as np
from bpy.app.handlers import persistent

from ...backend.contract.failure import Failure
from .. import redrawing
from ..handlers import add_handlers, remove_handlers
from ..results.selection import Result
from ..scene.origin import file_of
from ..scene.parts import Parts, is_import, origin_of, parts_of
from ..scene.stored import stored
from ..scene.version_list import chosen_version, list_of
from .moving_head import Difference, MovingHead, between, difference, forget, read_head, same_mesh

MESH: Final = "flame_comparison"
"""Custom property of the collection: the object that is shown in place of the head."""

_NOTHING_CHOSEN: Final = Failure(
    "version-not-chosen", "Nothing to compare with is chosen.", "Choose another version in the list."
)


def compared(collection: bpy.types.Collection) -> tuple[MovingHead, MovingHead] | Failure:
    """Return the heads of the version that is shown and of the chosen one, or why they can't be compared."""
    shown, chosen = file_of(collection), chosen_version(collection)
    if shown is None or chosen is None or origin_of(Path(chosen.file), "") == origin_of(shown, ""):
        return _NOTHING_CHOSEN
    placement = Result(shown, collection, None).placement
    heads = [read_head(file, placement) for file in (shown, Path(chosen.file))]
    for head in heads:
        if isinstance(head, Failure):
            return head
    one, other = heads
    assert isinstance(one, MovingHead) and isinstance(other, MovingHead)
    if not same_mesh(one, other):
        return Failure(
            "version-other-mesh",
            f"{chosen.name} was tracked with another head model.",
            "Activate one and the other to compare them.",
        )
    return one, other


def difference_of(collection: bpy.types.Collection | None) -> Difference | None:
    """Return how far the compared versions are apart, None where none are compared. Cheap enough for drawing."""
    if collection is None or not is_compared(collection):
        return None
    heads = compared(collection)
    return None if isinstance(heads, Failure) else difference(*heads)


def is_compared(collection: bpy.types.Collection) -> bool:
    """Whether versions of an import are compared."""
    listed = list_of(collection)
    return listed is not None and bool(listed.compare)


def comparison_of(collection: bpy.types.Collection) -> bpy.types.Object | None:
    """Return the object that is shown in place of the head, None where there is none."""
    return stored(collection, MESH, bpy.types.Object)


def stands_for_head(collection: bpy.types.Collection) -> bool:
    """Whether the head is hidden because of a comparison, whose object may have been deleted since."""
    return MESH in collection


def renew(scene: bpy.types.Scene, collection: bpy.types.Collection) -> None:
    """Let the 3D view show what switch, slider and list of an import say."""
    parts = parts_of(collection)
    heads = compared(collection) if is_compared(collection) else _NOTHING_CHOSEN
    if isinstance(parts, Failure) or isinstance(heads, Failure):
        _put_away(collection, parts)
    else:
        _show(scene, parts, heads)
    _listen()


def _show(scene: bpy.types.Scene, parts: Parts, heads: tuple[MovingHead, MovingHead]) -> None:
    thing = comparison_of(parts.collection)
    mesh: Any = thing.data if thing is not None else None
    if thing is None or len(mesh.vertices) != heads[0].vertices.shape[1]:
        _put_away(parts.collection, parts)
        thing = _made(parts)
        _hide(parts, True)
    _write(thing, heads, _share(parts.collection), scene)


def _share(collection: bpy.types.Collection) -> float:
    listed = list_of(collection)
    return 0.0 if listed is None else float(listed.share)


def _made(parts: Parts) -> bpy.types.Object:
    """Make a mesh like the head's, without what moves it, in the space of the camera."""
    name = f"{parts.root.name} comparison"
    thing = bpy.data.objects.new(name, parts.mesh.copy())
    data: Any = thing.data
    data.name = name
    if data.shape_keys is not None:
        thing.shape_key_clear()
    thing.parent = parts.camera
    if parts.shares_camera:
        thing.matrix_parent_inverse = parts.root.matrix_parent_inverse
    thing.hide_render = thing.hide_select = True
    thing.show_wire = parts.head.show_wire
    parts.collection.objects.link(thing)
    parts.collection[MESH] = thing
    return thing


def _write(thing: bpy.types.Object, heads: tuple[MovingHead, MovingHead], share: float, scene: bpy.types.Scene) -> None:
    points = between(*heads, share, scene.frame_current_final)
    mesh: Any = thing.data
    mesh.vertices.foreach_set("co", points.astype(np.float32).ravel())
    mesh.update()


def _hide(parts: Parts, hidden: bool) -> None:
    """Hide the head in the views or show it again; renders show it all the same."""
    for scene in bpy.data.scenes:
        for layer in scene.view_layers:
            if parts.head.name in layer.objects:
                parts.head.hide_set(hidden, view_layer=layer)


def _put_away(collection: bpy.types.Collection, parts: Parts | Failure) -> None:
    """Take the comparison out of the scene, and show the head again."""
    thing = comparison_of(collection)
    if thing is not None:
        mesh: Any = thing.data
        bpy.data.objects.remove(thing)
        if mesh is not None and mesh.users == 0:
            bpy.data.meshes.remove(mesh)
    if not stands_for_head(collection):
        return
    del collection[MESH]
    if not isinstance(parts, Failure):
        _hide(parts, False)


# On every frame, while something is compared.


def _all_compared() -> Iterator[tuple[bpy.types.Scene, bpy.types.Collection]]:
    for scene in bpy.data.scenes:
        for collection in scene.collection.children_recursive:
            if is_import(collection) and is_compared(collection):
                yield scene, collection


@persistent
def _on_frame(scene: bpy.types.Scene, *_: Any) -> None:
    """Give the comparisons of a scene the vertices of its frame."""
    if bpy.app.is_job_running("RENDER"):
        return
    for owner, collection in _all_compared():
        thing = comparison_of(collection)
        heads = compared(collection) if owner == scene and thing is not None else _NOTHING_CHOSEN
        if thing is not None and not isinstance(heads, Failure):
            _write(thing, heads, _share(collection), scene)


_FRAME: Final = (("frame_change_post", _on_frame),)


def _listen() -> None:
    """Listen to frames where something is compared, and only there."""
    remove_handlers(_FRAME)
    if next(_all_compared(), None) is not None:
        add_handlers(_FRAME)
    redrawing.RESULTS.redraw()


@persistent
def _everything_changed(*_: Any) -> None:
    """Another file, or a step of undo."""
    _listen()


_HANDLERS: Final = (
    ("load_post", _everything_changed),
    ("undo_post", _everything_changed),
    ("redo_post", _everything_changed),
)

CLASSES: Final[tuple[type, ...]] = ()


def register() -> None:
    """Go on comparing what a file compares."""
    add_handlers(_HANDLERS)


def unregister() -> None:
    """Listen no more."""
    remove_handlers((*_HANDLERS, *_FRAME))
    forget()
