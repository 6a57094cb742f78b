"""Properties of an identity that is changed by hand, on the collection of an import: a slider for each mode."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import bpy

from ...backend.contract.options import title_case
from . import editing

PROPERTY: Final = editing.PROPERTY


def _moved(mode: Any, _context: bpy.types.Context) -> None:
    editing.apply_sliders(mode.id_data)


class IdentityMode(bpy.types.PropertyGroup):
    """A shape of the head that differs between people"""

    name: str
    value: float
    applied: float
    number: int
    __annotations__: ClassVar = {
        "name": bpy.props.StringProperty(name="Name"),
        "value": bpy.props.FloatProperty(
            name="Amount",
            description="Added to what was tracked, in standard deviations of people; 0 leaves it as it is",
            soft_min=-3.0,
            soft_max=3.0,
            min=-10.0,
            max=10.0,
            precision=2,
            step=10,
            update=_moved,
        ),
        "applied": bpy.props.FloatProperty(options={"HIDDEN"}),
        "number": bpy.props.IntProperty(options={"HIDDEN"}),
    }


class IdentityChange(bpy.types.PropertyGroup):
    """An identity that is changed by hand"""

    modes: Any
    chosen: int
    __annotations__: ClassVar = {
        "modes": bpy.props.CollectionProperty(type=IdentityMode),
        "chosen": bpy.props.IntProperty(name="Shape", description="Shape that is chosen in the list"),
    }


def label_of(mode: IdentityMode) -> str:
    """Return how a mode is called in the list."""
    return title_case(mode.name)


CLASSES: Final = (IdentityMode, IdentityChange)


def register() -> None:
    """Give collections an identity that can be changed."""
    setattr(bpy.types.Collection, PROPERTY, bpy.props.PointerProperty(type=IdentityChange))


def unregister() -> None:
    """Take it from them; what is saved in the file stays there."""
    delattr(bpy.types.Collection, PROPERTY)
