"""Changes of masks that Exclude nodes name: Blender tells a node that it has another mask, not that it was edited."""

from __future__ import annotations

from typing import Any, Final

import bpy
from bpy.app.handlers import persistent

from ..handlers import add_handlers, remove_handlers
from ..polling import Poller
from ..scene.footage.masks import is_looking
from . import exclusion, state

DELAY: Final = 0.3
"""Seconds after an edit until masks are looked at: a corner that is dragged changes often."""

_frames: Final[dict[str, float]] = {}
"""Name of a scene -> frame at which Blender has told of changes last."""


@persistent
def _updated(scene: bpy.types.Scene, graph: Any) -> None:
    """Have trees looked through whose mask was edited; that it plays is no news."""
    if is_looking() or not graph.id_type_updated("MASK"):
        return
    played = _frames.get(scene.name) != scene.frame_current_final
    _frames[scene.name] = scene.frame_current_final
    if played:
        return
    POLLER.start()


def _look() -> None:
    """Look at the masks of all trees; their nodes tell where something is different."""
    scene = bpy.context.scene
    for tree in state.ours():
        if scene is not None and not bpy.app.is_job_running("RENDER"):
            exclusion.look_at_masks(tree, scene)


POLLER: Final = Poller(_look, DELAY)


_HANDLERS: Final = (("depsgraph_update_post", _updated),)

CLASSES: Final[tuple[type, ...]] = ()


def register() -> None:
    """Listen to edits, where there is a window; without one masks are looked at when a run starts."""
    if not bpy.app.background:
        add_handlers(_HANDLERS)


def unregister() -> None:
    """Listen no more."""
    POLLER.stop()
    remove_handlers(_HANDLERS)
    _frames.clear()
