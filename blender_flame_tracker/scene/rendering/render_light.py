"""Light of a render from the footage: the estimate as a world, or as a sun with an even world around."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import bpy
import numpy as np
from mathutils import Vector
from numpy.typing import NDArray

from ....backend.contract.failure import Failure, Notice
from ....backend.contract.shading import light_terms
from ....backend.contract.track import read_track
from ..head import texture
from ..lighting.light import Light, light_of
from ..lighting.world import write_world
from ..parts import Parts
from ..record import read_record
from ..stored import stored, stored_object

SUN: Final = "flame_sun"
"""Custom property of the collection: the sun that stands for the strongest side of the estimated light."""
_SIZE: Final = 0.25
"""Radians that the sun measures: as a window or a soft box does; nine harmonics do not say."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SunLight:
    """Light of one direction and light that is even.

    Attributes:
        direction: Where it comes from, in the axes of Blender's camera (3,).
        strength: What it gives to a surface that faces it, linear RGB (3,).
        even: What comes from everywhere, linear RGB (3,).
    """

    direction: Array
    strength: Array
    even: Array


def sun_of(harmonics: Array) -> SunLight:
    """Return the sun and the even light that shade what a camera sees most like the harmonics (9, 3)."""
    towards = np.asarray(harmonics)[1:4] @ np.array([0.2126, 0.7152, 0.0722])
    length = float(np.linalg.norm(towards))
    towards = towards / length if length > 1e-9 else np.array([0.0, -1.0, 0.0])
    normals = _facing_normals()
    facing = np.maximum(normals @ towards, 0)
    wanted = light_terms(normals) @ np.asarray(harmonics, dtype=np.float64)
    even, strength = np.linalg.lstsq(np.stack([np.ones(len(facing)), facing], axis=1), wanted, rcond=None)[0]
    # Light is never negative: what is short on one side is taken from the other.
    mean = wanted.mean(axis=0)
    strength = np.clip(strength, 0, np.maximum(mean, 0) / facing.mean())
    even = np.maximum(mean - strength * facing.mean(), 0)
    return SunLight(np.asarray(towards * np.array([1.0, -1.0, -1.0]), dtype=np.float64), strength, even)


def light_the_render(scene: bpy.types.Scene, parts: Parts, file: Path | None, *, with_sun: bool) -> list[Notice]:
    """Light the scene by the estimate, in place of what an earlier call has made.

    Args:
        scene: Gets the world.
        parts: Of the track.
        file: Track file, which knows the light; None where the import came from none.
        with_sun: Whether the strongest side of the light becomes a sun.
    """
    remove_sun(parts)
    light = _light(parts, file)
    if isinstance(light, Failure):
        return [Notice("no-track-light", light.sentence, light.advice)]
    settings = replace(read_record(parts.collection).settings, light="world")
    if light is not None and with_sun:
        sun = sun_of(light[0].mean(axis=0))
        _write_sun(parts, sun, light[1].mean(axis=0))
        even = np.zeros_like(light[0])
        even[:, 0] = sun.even
        light = even, light[1]
    rows = np.arange(0 if light is None else len(light[0]))
    return write_world(scene, parts, light, (rows.astype(np.float64), rows), settings)


def remove_sun(parts: Parts) -> None:
    """Take away the sun of an earlier call."""
    sun = stored_object(parts.collection, SUN, "LIGHT")
    if SUN in parts.collection:
        del parts.collection[SUN]
    if sun is not None:
        lamp: Any = sun.data
        bpy.data.lights.remove(lamp)


def _light(parts: Parts, file: Path | None) -> Light | Failure | None:
    """Light of the rows that have a head; None where the track knows nothing of it."""
    if file is None:
        return Failure("no-track-file", "The import came from no track file, which would know the light.", "")
    track = read_track(file)
    if isinstance(track, Failure):
        return track
    picture = stored(parts.collection, texture.PICTURE, bpy.types.Image)
    path = None if picture is None else Path(bpy.path.abspath(picture.filepath, library=picture.library))
    light = light_of(track, path)
    if light is None:
        return None
    rows = np.isfinite(light[0]).all(axis=(1, 2)) & np.isfinite(light[1]).all(axis=1)
    return light[0][rows], light[1][rows]


def _write_sun(parts: Parts, sun: SunLight, gain: Array) -> None:
    """A sun that turns with the camera: the light was seen in its axes."""
    energy = np.pi * sun.strength * gain  # A white matt surface that faces a sun of pi is as bright as 1.
    strongest = max(float(energy.max()), 1e-6)
    lamp: Any = bpy.data.lights.new(f"{parts.collection.name} sun", "SUN")
    lamp.energy, lamp.color, lamp.angle = strongest, tuple(energy / strongest), _SIZE
    thing = bpy.data.objects.new(lamp.name, lamp)
    thing.parent = parts.camera
    thing.rotation_euler = Vector(sun.direction.tolist()).to_track_quat("Z", "Y").to_euler()
    parts.collection.objects.link(thing)
    parts.collection[SUN] = thing


def _facing_normals() -> Array:
    """Directions (N, 3) all over the half of a ball that a camera sees, in its axes (y down, z forward)."""
    number = np.arange(400) + 0.5
    z = 1 - 2 * number / len(number)
    turn = np.pi * (1 + 5**0.5) * number
    radius = np.sqrt(1 - z * z)
    normals = np.stack([radius * np.cos(turn), radius * np.sin(turn), z], axis=1)
    return np.asarray(normals[normals[:, 2] < 0.1], dtype=np.float64)
