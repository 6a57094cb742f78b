"""The scene as Blender starts it: a cube, a camera and a lamp, 24 frames per second, 250 frames, Full HD."""

from __future__ import annotations

from typing import Any, Final

import bpy

from .footage.strips import strips_of

PARTS: Final = {"rate": [24.0], "range": [1, 250], "picture": [1920, 1080, 100, 1.0, 1.0]}
"""What `fitting_scene.scene_parts` says of it."""

VIEWS: Final = ("AgX", "Filmic")
"""View transforms with which Blender starts (AgX since 4.0)."""

_CUBE_VERTICES: Final = frozenset((x, y, z) for x in (-1.0, 1.0) for y in (-1.0, 1.0) for z in (-1.0, 1.0))
_PLACES: Final = {"CAMERA": (7.3589, -6.9258, 4.9583), "LIGHT": (4.0762, 1.0055, 5.9039)}
"""Where Blender's own camera and lamp stand, metres."""


def is_empty(scene: bpy.types.Scene) -> bool:
    """Return whether a scene holds nothing but what Blender starts with, as it was."""
    things = list(scene.objects)
    if not all(is_start_cube(thing) or _is_in_its_place(thing) for thing in things):
        return False
    animated = (scene, scene.world, *things, *(thing.data for thing in things))
    return not any(_is_animated(each) for each in animated) and not strips_of(scene)


def is_start_camera(scene: bpy.types.Scene) -> bool:
    """Return whether the scene is seen through the camera with which Blender starts, where that put it."""
    camera = scene.camera
    return camera is not None and _is_in_its_place(camera) and not _is_animated(camera)


def is_start_cube(thing: bpy.types.Object) -> bool:
    """Return whether this is the cube of Blender's startup file, as it was."""
    if thing.type != "MESH" or thing.modifiers or thing.animation_data is not None or thing.parent is not None:
        return False
    mesh: Any = thing.data
    if len(mesh.vertices) != 8 or len(mesh.polygons) != 6 or mesh.shape_keys is not None or thing.children:
        return False
    return thing.matrix_basis.is_identity and {tuple(vertex.co) for vertex in mesh.vertices} == _CUBE_VERTICES


def _is_in_its_place(thing: bpy.types.Object) -> bool:
    place = _PLACES.get(thing.type)
    if place is None or thing.parent is not None or thing.children or thing.constraints:
        return False
    return all(abs(a - b) < 1e-3 for a, b in zip(thing.location[:], place, strict=True))


def _is_animated(block: bpy.types.ID | None) -> bool:
    animation = getattr(block, "animation_data", None)
    return animation is not None and bool(animation.action or animation.drivers or animation.nla_tracks)
