"""Suns all around that stand for the world where its light must cast shadows, which EEVEE's world does not."""

from __future__ import annotations

from typing import Any, Final

import bpy
import numpy as np
from mathutils import Vector
from numpy.typing import NDArray

from ..lighting.environment import directions_around, radiance_towards
from ..lighting.world import picture_of_light
from ..stored import stored
from .compositor_nodes import MARK

_DOME: Final = "flame_dome"
"""Custom property of the suns."""
SUNS: Final = 16
_ANGLE: Final = 2 * float(np.arccos(1 - 2 / SUNS))
"""Radians that each sun measures, so that all together fill the sphere."""

Array = NDArray[np.float64]


def write_dome(world: bpy.types.World | None, camera: bpy.types.Object, collection: bpy.types.Collection) -> bool:
    """Make the suns anew; return False where what the world gives can't be told.

    Args:
        world: For which they stand.
        camera: With which the light of the footage turns.
        collection: Gets the suns.
    """
    remove_dome(collection)
    found = _light_of(world)
    if found is None:
        return False
    radiance, with_camera = found
    for direction, color in zip(directions_around(SUNS), radiance, strict=True):
        # On a surface that faces the middle of half the sphere the suns add up to pi times the radiance.
        energy = 4 * np.pi / SUNS * color
        strongest = float(energy.max())
        if strongest <= 0:
            continue
        lamp: Any = bpy.data.lights.new(f"{MARK}Sky", "SUN")
        lamp.energy, lamp.color, lamp.angle = strongest, tuple(energy / strongest), _ANGLE
        lamp.use_shadow_jitter = True
        thing = bpy.data.objects.new(lamp.name, lamp)
        thing[_DOME] = True
        thing.rotation_euler = Vector(direction.tolist()).to_track_quat("Z", "Y").to_euler()
        thing.parent = camera if with_camera else None
        collection.objects.link(thing)
    return True


def remove_dome(collection: bpy.types.Collection) -> None:
    """Take away the suns of an earlier call."""
    for thing in [each for each in collection.objects if stored(each, _DOME, bool)]:
        lamp: Any = thing.data
        bpy.data.lights.remove(lamp)


def remove_loose_suns(scene: bpy.types.Scene) -> None:
    """Take away suns that are in this scene, or in none any more, because their collection was deleted."""
    for thing in [each for each in bpy.data.objects if stored(each, _DOME, bool)]:
        if all(each == scene for each in thing.users_scene):
            lamp: Any = thing.data
            bpy.data.lights.remove(lamp)


def _light_of(world: Any) -> tuple[Array, bool] | None:
    """Radiance of a world towards the suns (SUNS, 3), and whether it turns with the camera; None if it is unknown."""
    if world is None:
        return np.zeros((SUNS, 3)), False
    picture = picture_of_light(world)
    if picture is not None:
        return radiance_towards(directions_around(SUNS), picture), True
    tree = world.node_tree
    shown = [] if tree is None else [node for node in tree.nodes if node.type == "BACKGROUND"]
    if len(shown) != 1 or any(socket.is_linked for socket in shown[0].inputs):
        return None
    color, strength = (shown[0].inputs[name].default_value for name in ("Color", "Strength"))
    return np.tile(np.array(color[:3]) * strength, (SUNS, 1)), False
