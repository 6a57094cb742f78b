"""Properties of an import's collection that hold its versions; see `scene.version_list`."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import bpy

from ..scene.version_list import PROPERTY
from . import comparison

_HIDDEN: Final[Any] = {"HIDDEN"}


def _renewed(owner: Any, context: bpy.types.Context) -> None:
    """Let the 3D view follow, where versions are compared."""
    collection: Any = owner.id_data
    if owner.compare or comparison.stands_for_head(collection):
        comparison.renew(context.scene, collection)


class Version(bpy.types.PropertyGroup):
    """A version of a track"""

    name: str
    file: str
    beside: str
    made_from: str
    made_from_beside: str
    __annotations__: ClassVar = {
        "name": bpy.props.StringProperty(name="Name", description="What this version of the track is called"),
        "file": bpy.props.StringProperty(name="File", description="Track file of this version", options=_HIDDEN),
        "beside": bpy.props.StringProperty(name="Relative File", options=_HIDDEN),
        "made_from": bpy.props.StringProperty(
            name="Made From", description="Track file that this version was made from", options=_HIDDEN
        ),
        "made_from_beside": bpy.props.StringProperty(name="Relative Made From", options=_HIDDEN),
    }


class VersionList(bpy.types.PropertyGroup):
    """Versions of the track that a collection shows"""

    items: Any
    row: int
    compare: bool
    share: float
    __annotations__: ClassVar = {
        "items": bpy.props.CollectionProperty(type=Version),
        "row": bpy.props.IntProperty(name="Version", description="Version that is chosen in the list", update=_renewed),
        "compare": bpy.props.BoolProperty(
            name="Compare",
            description="Lay the version that is chosen in the list over the one that is shown. "
            "The head itself is hidden meanwhile; renders show it all the same",
            update=_renewed,
        ),
        "share": bpy.props.FloatProperty(
            name="Compare",
            description="0 is the version that is shown, 1 the one that is chosen in the list; "
            "between them the head goes from one to the other",
            min=0.0,
            max=1.0,
            default=0.5,
            subtype="FACTOR",
            update=_renewed,
        ),
    }


CLASSES: Final = (Version, VersionList)


def register() -> None:
    """Give every collection a list, which is empty but for those of imports."""
    setattr(bpy.types.Collection, PROPERTY, bpy.props.PointerProperty(type=VersionList))


def unregister() -> None:
    """Take it from the collections."""
    delattr(bpy.types.Collection, PROPERTY)
