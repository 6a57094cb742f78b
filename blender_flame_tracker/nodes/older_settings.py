"""Settings that files and scripts of older versions call differently, understood as they meant it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import bpy
from bpy.app.handlers import persistent

from ...backend.contract.settings import SceneSettings
from ..handlers import add_handlers, remove_handlers
from .reading import nodes_of

SWITCH: Final = "set_scene"
"""Fit Scene was a switch of this name, on at first."""


def switch_property(update: Any = None) -> Any:
    """Return the property that stands for the switch of older versions; it is never shown."""
    told = {} if update is None else {"update": update}
    return bpy.props.BoolProperty(name="Fit Scene", default=True, options={"HIDDEN", "SKIP_SAVE"}, **told)


def choice_of(switch: bool) -> str:
    """Return what a switch that somebody has set means."""
    return "always" if switch else "never"


def with_switch(operator: Any, settings: SceneSettings) -> SceneSettings:
    """Return the settings of an operator that a script may have called as an older version had it."""
    if not operator.properties.is_property_set(SWITCH):
        return settings
    return replace(settings, fit_scene=choice_of(operator.set_scene))


def switched(node: Any, _context: bpy.types.Context) -> None:
    """Take over what a script has set on a Scene node."""
    node.fit_scene = choice_of(node.set_scene)


@persistent
def _loaded(*_arguments: object) -> None:
    """Take over the switches of the Scene nodes of an older file, once."""
    for tree in bpy.data.node_groups:
        for node in nodes_of(tree, "scene"):
            if hasattr(node, SWITCH) and node.is_property_set(SWITCH):
                if not node.set_scene and not node.is_property_set("fit_scene"):
                    node.fit_scene = "never"
                node.property_unset(SWITCH)


_HANDLERS: Final = (("load_post", _loaded),)

CLASSES: Final[tuple[type, ...]] = ()


def register() -> None:
    """Look at files when they are opened."""
    add_handlers(_HANDLERS)


def unregister() -> None:
    """Look at them no more."""
    remove_handlers(_HANDLERS)
