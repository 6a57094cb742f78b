"""Redrawing of editors when there is news that Blender cannot know of."""

from __future__ import annotations

import time
from typing import Final

import bpy

from .names import TREE

CLOCK: Final = 1.0
"""Seconds after which what shows a running time is drawn again without any other news."""


class Editors:
    """Editors of some types, in every window, that show the same.

    Of 3D views and clip editors only the sidebar is drawn again: what they show themselves may be heavy, and is not
    ours. Of node editors those that show our trees are.

    Args:
        types: Types of areas, e.g. ``VIEW_3D``.
    """

    def __init__(self, *types: str) -> None:
        self._types = types
        self._drawn = 0.0

    def redraw(self) -> None:
        """Have them drawn again."""
        self._drawn = time.monotonic()
        for window in bpy.context.window_manager.windows:
            for area in window.screen.areas:
                if area.type in self._types:
                    _redraw(area)

    def redraw_when(self, changed: bool) -> None:
        """Have them drawn again where there is news, or where the times that they show are a second old."""
        if changed or time.monotonic() - self._drawn > CLOCK:
            self.redraw()


def _redraw(area: bpy.types.Area) -> None:
    if area.type in ("VIEW_3D", "CLIP_EDITOR"):
        for region in area.regions:
            if region.type == "UI":
                region.tag_redraw()
    elif area.type != "NODE_EDITOR" or area.ui_type == TREE:
        area.tag_redraw()


TRACKING: Final = Editors("VIEW_3D", "CLIP_EDITOR", "NODE_EDITOR", "PREFERENCES")
"""Show runs and footage."""

RESULTS: Final = Editors("VIEW_3D", "CLIP_EDITOR", "DOPESHEET_EDITOR", "NODE_EDITOR")
"""Show results."""

TIMELINES: Final = Editors("DOPESHEET_EDITOR")
PREFERENCES: Final = Editors("PREFERENCES")
