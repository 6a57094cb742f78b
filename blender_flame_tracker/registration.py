"""What Blender is told of: one list of classes, and everything taken back in reverse."""

from __future__ import annotations

from typing import Final

import bpy

from .operators import import_track

CLASSES: Final = (*import_track.CLASSES,)


def register() -> None:
    """Register classes and menus."""
    for each in CLASSES:
        bpy.utils.register_class(each)
    import_track.add_to_menus()


def unregister() -> None:
    """Take back everything, in reverse."""
    import_track.remove_from_menus()
    for each in reversed(CLASSES):
        bpy.utils.unregister_class(each)
