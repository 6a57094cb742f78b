"""The node Retarget: a performance put onto a character of the scene as soon as its track is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import bpy

from ....backend.contract.retarget_settings import PARTS, RetargetSettings
from ...properties import annotations_of
from ..base import Group, StageNode, changed

on_setting_changed: Final[list[Callable[[Any], None]]] = []
"""Called with what has the settings, a node or a scene's properties, within the change itself: who plays a performance
plays it anew at once."""

OF_HEAD: Final = ("head_gain", "neck_share", "head_limit", "head_rest")
"""Settings that matter only where the head is written."""


def tell_of_setting(owner: Any, _context: bpy.types.Context) -> None:
    """Tell everyone that a setting of putting a performance onto a character was changed."""
    for listener in on_setting_changed:
        listener(owner)


def _changed(node: Any, context: bpy.types.Context) -> None:
    changed(node, context)
    tell_of_setting(node, context)


def _can_act(_owner: Any, thing: bpy.types.Object) -> bool:
    return thing.type in ("MESH", "ARMATURE")


def character_property(update: Callable[[Any, bpy.types.Context], None]) -> Any:
    """Return the property that names a character by one of its objects."""
    return bpy.props.PointerProperty(
        type=bpy.types.Object,
        name="Character",
        description="Face or armature of the character that plays the performance; what belongs to it is found",
        poll=_can_act,
        update=update,
    )


def matters(settings: Any, name: str) -> bool:
    """Whether a setting makes a difference as the others are set."""
    if name in ("start_at", "speed"):
        return bool(settings.source)
    return name not in OF_HEAD or settings.use_head


class RetargetNode(StageNode, bpy.types.Node):
    """Put the performance onto a character of the scene"""

    kind = "retarget"
    group = Group.OUTPUT
    bl_icon = "ARMATURE_DATA"
    bl_width_default = 280.0  # Less cuts off the names of its settings.
    extras = {  # noqa: RUF012 - read once, when the class is made
        **annotations_of(RetargetSettings, _changed),
        "character": character_property(_changed),
    }
    order = ("character",)

    def matters(self: Any, name: str) -> bool:
        """Regions are drawn together; the source is what is linked."""
        return name not in ("source", *(f"use_{part}" for part in PARTS)) and matters(self, name)

    def draw_settings(self: Any, layout: Any) -> None:
        """Draw the settings, and the regions as a row of switches."""
        super().draw_settings(layout)
        draw_regions(layout, self)

    def read(self: Any, _settings: RetargetSettings) -> tuple[Path, ...]:
        """Return nothing: what it is made of is the track."""
        return ()


def draw_regions(layout: Any, settings: Any) -> None:
    """Draw the switches of the regions, in rows of three."""
    grid = layout.grid_flow(row_major=True, columns=3, even_columns=True, align=True)
    grid.use_property_split = False
    for part in PARTS:
        grid.prop(settings, f"use_{part}", toggle=True)


CLASSES: Final = (RetargetNode,)
