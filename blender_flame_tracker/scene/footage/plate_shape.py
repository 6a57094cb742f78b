"""Shape of the footage behind the head, kept when the scene's picture is given another one afterwards."""

from __future__ import annotations

from typing import Any, Final

import bpy
from bpy.app.handlers import persistent

from ...handlers import add_handlers, remove_handlers
from ..camera.camera import footage_aspect, picture_aspect
from ..parts import Parts, is_import, parts_of
from .plate import background_of, mind_deletion

_seen: Final[dict[int, float]] = {}
"""`session_uid` of a scene -> proportions of its picture when they were looked at last."""


def shape_plate(scene: bpy.types.Scene, parts: Parts) -> None:
    """Fit the footage to the width of the picture, as the camera does, and never squeeze it.

    A wider picture cuts the footage above and below, a taller one leaves bars. Footage that lies on its side is fitted
    by its scale instead.
    """
    clip: Any = parts.clip
    if clip is None or min(clip.size) <= 0:
        return
    aspect = footage_aspect(clip)
    method = "FIT" if picture_aspect(scene) < aspect * (1 - 1e-3) else "CROP"
    for depth in ("BACK", "FRONT"):
        picture = background_of(parts.lens, clip, depth)
        if picture is not None and picture.scale == 1.0 and picture.frame_method != method:
            picture.frame_method = method


@persistent
def _changed(scene: bpy.types.Scene, *_: Any) -> None:
    """Follow a change of the resolution; the first of a file comes when it is opened."""
    aspect = picture_aspect(scene)
    if _seen.get(scene.session_uid) == aspect:
        return
    _seen[scene.session_uid] = aspect
    for collection in scene.collection.children_recursive:
        if collection.library is None and is_import(collection):
            parts = parts_of(collection)
            if isinstance(parts, Parts) and parts.lens.library is None:
                mind_deletion(parts.lens)  # Older versions have not.
                shape_plate(scene, parts)


_HANDLERS: Final = (("depsgraph_update_post", _changed),)

CLASSES: Final = ()


def register() -> None:
    """Notice changes of the resolution."""
    add_handlers(_HANDLERS)


def unregister() -> None:
    """Notice them no more."""
    remove_handlers(_HANDLERS)
    _seen.clear()
