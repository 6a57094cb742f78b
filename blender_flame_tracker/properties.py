"""Blender properties made from the settings dataclasses, so that an option is defined in one place only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import bpy

from ..backend.contract.options import Option, options_of
from .scene.parts import is_import

_UNBOUNDED: Final = 2**31 - 1

_SHOWN_UNITS: Final[dict[str, dict[str, Any]]] = {
    "px": {"subtype": "PIXEL"},
    "s": {"subtype": "TIME_ABSOLUTE"},
    "mm": {"unit": "CAMERA"},
}
"""Units that Blender writes behind a number; the others stand in the tooltip."""

_PATH_OPTIONS: Final[set[Any]] = {"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5) else {"ANIMATABLE"}
"""Blender 4.5 wants to be told that ``//`` is understood; before, every path could have it."""

Update = Callable[[Any, bpy.types.Context], None]
"""What Blender calls when a property changes: with its owner and the context."""


def annotations_of(settings_class: type, update: Update | None = None) -> dict[str, Any]:
    """Return the annotations that give a Blender class a property per setting; `update` is told of every change."""
    return {each.name: property_of(each, update) for each in options_of(settings_class)}


def property_of(setting: Option, update: Update | None = None) -> Any:
    """Return the Blender property of one setting."""
    unit = f" ({setting.unit})" if setting.unit else ""
    # Blender's own angles are kept in radians; ours are degrees, which it cannot write behind the number.
    sign = " (°)" if setting.unit == "degrees" else ""
    common: dict[str, Any] = {
        "name": setting.label + sign,
        "description": setting.help + unit,
        "default": setting.default,
    }
    if update is not None:
        common["update"] = update
    if setting.kind == "bool":
        return bpy.props.BoolProperty(**common)
    if setting.kind == "int":
        return bpy.props.IntProperty(**common, **_range(setting, int), **_SHOWN_UNITS.get(setting.unit, {}))
    if setting.kind == "float":
        return bpy.props.FloatProperty(**common, **_range(setting, float), **_SHOWN_UNITS.get(setting.unit, {}))
    if setting.kind == "choice":
        items = [(name, setting.choice_label(name), text) for name, text in (setting.choices or {}).items()]
        return bpy.props.EnumProperty(items=items, **common)
    if setting.kind == "path":
        return bpy.props.StringProperty(subtype="FILE_PATH", options=_PATH_OPTIONS, **common)
    if setting.names:
        return bpy.props.StringProperty(search=_NAMES[setting.names], **common)
    return bpy.props.StringProperty(**common)


def _collections(_owner: Any, _context: bpy.types.Context | None, _text: str) -> list[str]:
    return [each.name for each in bpy.data.collections if each.library is None]


def _imports(_owner: Any, _context: bpy.types.Context | None, _text: str) -> list[str]:
    return [each.name for each in bpy.data.collections if is_import(each)]


_NAMES: Final = {"collections": _collections, "imports": _imports}
"""What an option's `names` says -> the names that are suggested."""


def settings_from(owner: Any, settings_class: type) -> Any:
    """Return the settings that a Blender object made with `annotations_of` holds."""
    return settings_class(**{each.name: getattr(owner, each.name) for each in options_of(settings_class)})


def _range(setting: Option, number: type) -> dict[str, Any]:
    low = -_UNBOUNDED if setting.minimum is None else setting.minimum
    high = _UNBOUNDED if setting.maximum is None else setting.maximum
    return {"min": number(low), "max": number(high)}
