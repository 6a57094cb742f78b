"""Objects that go into a file, and the scene frames over which they move."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import bpy

from ..scene.head.identity_change import edited_head
from ..scene.parts import Parts
from ..versions.comparison import comparison_of
from .presets import CAMERA, Preset


def objects_of(preset: Preset, parts: Parts) -> list[bpy.types.Object]:
    """Return what of an import goes into the file: with it goes what carries it, so that it lies where it lies here."""
    carriers = [parts.root, *_ancestors(parts.camera), *_ancestors(parts.head)]
    if preset.what == CAMERA:
        return list(dict.fromkeys([parts.camera, *_ancestors(parts.camera)]))
    aside = (parts.frames, comparison_of(parts.collection), edited_head(parts.collection))
    below = [each for each in parts.collection.all_objects if each.type in {"MESH", "ARMATURE"} and each not in aside]
    return list(dict.fromkeys([parts.head, parts.camera, *below, *carriers]))


def with_carriers(objects: Iterable[bpy.types.Object]) -> list[bpy.types.Object]:
    """Return objects and what carries them, so that they lie in the file where they lie here."""
    objects = list(objects)
    return list(dict.fromkeys([*objects, *(above for each in objects for above in _ancestors(each))]))


def _ancestors(thing: bpy.types.Object) -> Iterator[bpy.types.Object]:
    while thing.parent is not None:
        thing = thing.parent
        yield thing


def animated_range(things: Iterable[bpy.types.Object], scene: bpy.types.Scene) -> tuple[int, int]:
    """Return the first and the last scene frame with a key of these objects; the scene's range where nothing moves."""
    ranges = [each for owner in _owners(things) for each in _ranges(owner.animation_data)]
    if not ranges:
        return scene.frame_start, scene.frame_end
    return math.floor(min(start for start, _ in ranges)), math.ceil(max(end for _, end in ranges))


def _ranges(animation: Any) -> Iterator[tuple[float, float]]:
    """First and last frame of each action and strip that an owner plays."""
    if animation is None:
        return
    if animation.action is not None and len(animation.action.frame_range) == 2:
        yield tuple(animation.action.frame_range)
    for track in animation.nla_tracks:
        yield from ((strip.frame_start, strip.frame_end) for strip in track.strips if not strip.mute)


def _owners(things: Iterable[bpy.types.Object]) -> Iterator[Any]:
    """Everything of the objects that can be animated: themselves, their data, their shape keys."""
    for thing in things:
        yield thing
        data: Any = thing.data
        if data is not None:
            yield data
            keys = getattr(data, "shape_keys", None)
            if keys is not None:
                yield keys
