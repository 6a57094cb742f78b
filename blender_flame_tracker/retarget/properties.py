"""Properties of putting a performance onto a character: of the scene, and of every Retarget node."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import bpy

from ...backend.contract.retarget_settings import RetargetSettings
from ..nodes.scene_state import active_tree, node_of
from ..nodes.stages.retarget import character_property, tell_of_setting
from ..properties import annotations_of, settings_from

PROPERTY: Final = "flame_retarget"
"""Of scenes."""


class RetargetProperties(bpy.types.PropertyGroup):
    """How a performance is put onto a character of this scene"""

    character: bpy.types.Object | None

    __annotations__: ClassVar = {
        "character": character_property(tell_of_setting),
        **annotations_of(RetargetSettings, tell_of_setting),
    }

    def settings(self: Any, _scene: bpy.types.Scene | None = None) -> RetargetSettings:
        """Return the settings as the contract has them."""
        return settings_from(self, RetargetSettings)


def holder_in(context: bpy.types.Context) -> Any:
    """Return what has the settings that the panel shows: the tree's Retarget node, else the scene."""
    node = node_of(active_tree(context), "retarget", context.scene)
    return node if node is not None else getattr(context.scene, PROPERTY)


CLASSES: Final = (RetargetProperties,)


def register() -> None:
    """Give every scene its settings."""
    setattr(bpy.types.Scene, PROPERTY, bpy.props.PointerProperty(type=RetargetProperties))


def unregister() -> None:
    """Take them from the scenes; what is saved in the file stays there."""
    delattr(bpy.types.Scene, PROPERTY)
