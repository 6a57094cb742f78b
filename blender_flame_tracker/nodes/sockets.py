"""Sockets: one class per type of data that stages hand on, made from the contract's table of stages."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any, ClassVar, Final

import bpy

from ...backend.contract.options import title_case
from .specs import data_types

Colour = tuple[float, float, float, float]

_COLOURS: Final[Mapping[str, Colour]] = {
    "video": (0.78, 0.78, 0.16, 1.0),
    "face": (0.93, 0.62, 0.45, 1.0),
    "head": (0.38, 0.73, 0.88, 1.0),
    "camera": (0.55, 0.45, 0.85, 1.0),
    "landmarks": (0.39, 0.78, 0.39, 1.0),
    "fit": (0.0, 0.63, 0.55, 1.0),
    "track": (0.86, 0.32, 0.46, 1.0),
    "texture": (0.90, 0.50, 0.20, 1.0),
}


DESCRIPTIONS: Final[Mapping[str, str]] = {
    "video": "Frames with their times",
    "face": "Which of the people in the picture is followed",
    "head": "Head model that is fitted",
    "camera": "What is known of the camera that filmed the clip",
    "landmarks": "478 points of the face in every frame",
    "fit": "Shape of the head, and its pose and expression per frame",
    "track": "Track file: the fitted head, ready to be imported",
    "texture": "Color of the head as a picture for its texture coordinates",
}
"""What a socket of a type hands on, for its tooltip."""


def idname(type_name: str) -> str:
    """Return Blender's name of the socket class for a type."""
    return f"FlameSocket{type_name.title().replace('_', '')}"


def colour(type_name: str) -> Colour:
    """Return the colour of a type; one that a later stage brings gets a steady colour of its own."""
    known = _COLOURS.get(type_name)
    if known is not None:
        return known
    mixed = zlib.crc32(type_name.encode())
    red, green, blue = (0.3 + 0.6 * (mixed >> shift & 255) / 255 for shift in (0, 8, 16))
    return red, green, blue, 1.0


class TypedSocket:
    """What the socket classes have in common: a name, a colour, and no value of their own."""

    type_name: ClassVar[str]

    def draw(self: Any, _context: bpy.types.Context, layout: bpy.types.UILayout, _node: Any, text: str) -> None:
        """Draw the name of the socket."""
        layout.label(text=text)

    def draw_color(self, _context: bpy.types.Context, _node: Any) -> Colour:
        """Return the colour of the socket's type."""
        return colour(self.type_name)

    @classmethod
    def draw_color_simple(cls) -> Colour:
        """Return the colour where there is no node to ask, as in the link that is being drawn."""
        return colour(cls.type_name)


def _socket_class(type_name: str) -> type:
    name = idname(type_name)
    body = {
        "__doc__": f"Hands on: {title_case(type_name).lower()}",
        "__module__": __name__,
        "bl_idname": name,
        "bl_label": title_case(type_name),
        "type_name": type_name,
    }
    return type(name, (TypedSocket, bpy.types.NodeSocket), body)


CLASSES: Final = tuple(_socket_class(name) for name in data_types())
