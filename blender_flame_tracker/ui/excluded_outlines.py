"""Outlines of what is left out of the picture, drawn over 3D views that look through the scene's camera."""

from __future__ import annotations

from typing import Any, Final

import bpy

from ..nodes.exclusion import size_of
from ..operators.draw_area import draw_outline
from ..operators.exclude import exclude_node
from ..scene.camera.camera_frame import camera_frame
from ..scene.footage.masks import outlines_now
from ..scene.footage.straight_footage import lens_behind, outline_as_shown

_COLOUR: Final = (1.0, 0.45, 0.2, 0.9)


class _Overlay:
    """The draw handler."""

    handle: Any = None


def draw() -> None:
    """Draw the mask of the panel's Exclude node, where overlays are shown."""
    context, scene = bpy.context, bpy.context.scene
    space: Any = context.space_data
    node = exclude_node(context) if scene is not None and space.overlay.show_overlays else None
    if scene is None or node is None or node.mute or node.mask is None:
        return
    frame = camera_frame(context.region, space.region_3d, scene)
    if frame is None:
        return
    lens = lens_behind(scene.camera)
    for corners in outlines_now(node.mask, size_of(node, scene)):
        draw_outline(frame.in_region(outline_as_shown(corners, lens)), _COLOUR, context.region, closed=True)


CLASSES: Final[tuple[type, ...]] = ()


def register() -> None:
    """Draw in 3D views."""
    if not bpy.app.background:
        _Overlay.handle = bpy.types.SpaceView3D.draw_handler_add(draw, (), "WINDOW", "POST_PIXEL")


def unregister() -> None:
    """Draw no longer."""
    if _Overlay.handle is not None:
        bpy.types.SpaceView3D.draw_handler_remove(_Overlay.handle, "WINDOW")
    _Overlay.handle = None
