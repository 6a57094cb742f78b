"""Properties of a character's mapping, kept in the .blend on its armature or its mesh; each row is one target."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import bpy

from ....backend.contract.performance.channels import CHANNELS
from ....backend.contract.performance.characters.mapping import JOINTS, PATHS

SHAPE: Final = "SHAPE"
CONTROL: Final = "CONTROL"
JOINT: Final = "JOINT"
SURFACE: Final = "SURFACE"

_KINDS: Final = (
    (SHAPE, "Shape Key", "A shape key follows channels"),
    (CONTROL, "Control", "A location, a rotation or a property of a bone follows channels"),
    (JOINT, "Joint", "A bone turns with head, neck, jaw or an eye"),
    (SURFACE, "Surface", "A bone follows a point of the tracked face"),
)
_CHANNELS: Final = tuple((name, name, "") for name in CHANNELS)
_JOINTS: Final = tuple((name, name.replace("_", " ").capitalize(), "") for name in JOINTS)
_PATHS: Final = tuple((name, name.replace("_", " ").capitalize(), "") for name in PATHS)
PROPERTY: Final = "flame_mapping"
"""Property of an object that holds the mapping of the character that it belongs to."""
_CHANGING: Final[Any] = {"LIBRARY_OVERRIDABLE"}
_GROWING: Final[Any] = {"LIBRARY_OVERRIDABLE", "USE_INSERTION"}
"""Overrides of a linked character keep a mapping of their own."""


def _rename(row: Any, _context: bpy.types.Context) -> None:
    """Name a row by what it drives, for the list's filter."""
    row.name = f"{row.thing.name}: {row.target}" if row.thing is not None else row.target


class MappingPart(bpy.types.PropertyGroup):
    """Channel that a target follows."""

    channel: str
    factor: float
    __annotations__: ClassVar = {
        "channel": bpy.props.EnumProperty(
            name="Channel", description="What of the face is followed", items=_CHANNELS, override=_CHANGING
        ),
        "factor": bpy.props.FloatProperty(
            override=_CHANGING,
            name="Factor",
            description="Value at full strength of the channel; negative turns it round",
            default=1.0,
            soft_min=-1.0,
            soft_max=1.0,
            min=-1e3,
            max=1e3,
            precision=3,
        ),
    }


class MappingRow(bpy.types.PropertyGroup):
    """Target of a mapping."""

    __annotations__: ClassVar = {
        "kind": bpy.props.EnumProperty(name="Kind", description="What is driven", items=_KINDS, override=_CHANGING),
        "use": bpy.props.BoolProperty(
            override=_CHANGING,
            name="Use",
            description="Write this; without it, what the character has there stays",
            default=True,
        ),
        "thing": bpy.props.PointerProperty(
            override=_CHANGING,
            type=bpy.types.Object,
            name="Object",
            description="Mesh with the shape key, or armature with the bone",
            update=_rename,
        ),
        "target": bpy.props.StringProperty(
            override=_CHANGING, name="Target", description="Name of the shape key or of the bone", update=_rename
        ),
        "parts": bpy.props.CollectionProperty(type=MappingPart, override=_GROWING),
        "gain": bpy.props.FloatProperty(
            override=_CHANGING,
            name="Gain",
            description="How strongly it follows; multiplies all its factors",
            default=1.0,
            soft_min=0.0,
            soft_max=2.0,
            min=-10.0,
            max=10.0,
        ),
        "low": bpy.props.FloatProperty(
            name="Lowest", description="Values below are raised to it", min=-1e3, max=1e3, override=_CHANGING
        ),
        "high": bpy.props.FloatProperty(
            override=_CHANGING,
            name="Highest",
            description="Values above are lowered to it",
            default=1.0,
            min=-1e3,
            max=1e3,
        ),
        "is_binary": bpy.props.BoolProperty(
            override=_CHANGING,
            name="On or Off",
            description="1 above one half, else 0, as some expressions of VRM characters want it",
        ),
        "path": bpy.props.EnumProperty(
            name="Moves", description="What of the bone follows", items=_PATHS, override=_CHANGING
        ),
        "index": bpy.props.IntProperty(
            name="Axis", description="0 for x, 1 for y, 2 for z", min=-1, max=2, override=_CHANGING
        ),
        "property_name": bpy.props.StringProperty(
            name="Property", description="Custom property of the bone", override=_CHANGING
        ),
        "joint": bpy.props.EnumProperty(
            name="Joint", description="What the bone turns with", items=_JOINTS, override=_CHANGING
        ),
        "share": bpy.props.FloatProperty(
            override=_CHANGING,
            name="Share",
            description="Part of the turn that this bone takes; a shape key that does the same takes the rest",
            default=1.0,
            soft_min=0.0,
            soft_max=1.0,
            min=-10.0,
            max=10.0,
        ),
        "landmarks": bpy.props.StringProperty(
            override=_CHANGING,
            name="Landmarks",
            description="MediaPipe's landmarks whose mean the bone follows, separated by spaces",
        ),
        "order": bpy.props.IntProperty(
            override=_CHANGING, name="Order", description="0 is placed first; 1 takes what is left then", min=0, max=1
        ),
        "factor": bpy.props.FloatProperty(
            override=_CHANGING,
            name="Factor",
            description="How far of the way the bone goes",
            default=1.0,
            min=-10.0,
            max=10.0,
        ),
    }


class CharacterMapping(bpy.types.PropertyGroup):
    """Mapping of a character."""

    __annotations__: ClassVar = {
        "kind": bpy.props.StringProperty(name="Kind", override=_CHANGING),
        "signature": bpy.props.StringProperty(name="Signature", override=_CHANGING),
        "rows": bpy.props.CollectionProperty(type=MappingRow, override=_GROWING),
        "active": bpy.props.IntProperty(name="Active Row", min=0, override=_CHANGING),
        "vrm_file": bpy.props.StringProperty(
            name="VRM File",
            description="File that the character was imported from: it says which shape keys its expressions set,"
            " where the VRM add-on is not there to tell",
            subtype="FILE_PATH",
            override=_CHANGING,
        ),
        "vrm_text": bpy.props.StringProperty(
            name="VRM", description="What the imported file says of its expressions and bones", options={"HIDDEN"}
        ),
    }


CLASSES: Final = (MappingPart, MappingRow, CharacterMapping)


def register() -> None:
    """Give objects the property."""
    owner: Any = bpy.types.Object
    owner.flame_mapping = bpy.props.PointerProperty(type=CharacterMapping, name="Character Mapping", override=_CHANGING)


def unregister() -> None:
    """Take it back."""
    del bpy.types.Object.flame_mapping  # pyright: ignore[reportAttributeAccessIssue]


def group_of(thing: bpy.types.Object) -> Any:
    """Return the mapping's properties of an object."""
    return getattr(thing, PROPERTY)
