"""Shape keys of the rig's face: the person at rest, a named key per expression, and correctives that follow bones."""

from __future__ import annotations

import json
import math
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ....backend.contract.camera import blender_points
from ....backend.contract.names import ARKIT
from ..stored import stored
from .bones import Array
from .correctives import Corrective, drive
from .decomposition import LARGEST_VALUE, RigShape

REST: Final = "Neutral"
NAMES: Final = "flame_shapes"
"""Custom property of the keys: JSON of the names that an import has written; other keys are the user's."""
_USUAL_RANGE: Final = 3.0
"""Of FLAME's coefficients, in standard deviations of people's faces."""


def is_rig_face(mesh: bpy.types.Mesh) -> bool:
    """Whether the shape keys of a mesh are those of a rig."""
    return mesh.shape_keys is not None and stored(mesh.shape_keys, NAMES, str) is not None


def written_names(key: bpy.types.Key) -> list[str]:
    """Return the names of the keys that an import has written; none where it was another program's."""
    try:
        names = json.loads(stored(key, NAMES, str) or "[]")
    except ValueError:
        return []
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def driven_names(key: bpy.types.Key) -> set[str]:
    """Return the names of the keys that follow bones, which nobody sets by hand."""
    animation: Any = key.animation_data
    paths = [] if animation is None else [curve.data_path for curve in animation.drivers]
    return {path.removeprefix('key_blocks["').removesuffix('"].value') for path in paths}


def write_face(
    head: bpy.types.Object, shape: RigShape, values: Array, correctives: list[Corrective], rig: bpy.types.Object
) -> bpy.types.Key:
    """Give the head the keys of a rig, and the sliders room for values (K, M); keys that the user has added stay."""
    mesh: Any = head.data
    fresh = mesh.shape_keys is None
    if fresh:
        head.shape_key_add(name=REST, from_mix=False)
    key: Any = mesh.shape_keys
    if fresh:
        key.name = f"{rig.name.removesuffix(' rig')} keys"
    key.use_relative = True
    rest = key.reference_key
    _write_points(rest, shape.neutral)
    names = [*shape.names, *(each.name for each in correctives)]
    for name in set(written_names(key)) - set(names):
        block = key.key_blocks.get(name)
        if block is not None:
            head.shape_key_remove(block)
    for index, name in enumerate(shape.names):
        block = _block(head, key, name)
        _write_points(block, shape.neutral + shape.shapes[index])
        _set_range(block, name, values[:, index])
    for each in correctives:
        block = _block(head, key, each.name)
        _write_points(block, shape.neutral + each.shape)
        block.slider_min, block.slider_max = -LARGEST_VALUE, LARGEST_VALUE
        drive(block, each, rig)
    key[NAMES] = json.dumps(names)
    head.active_shape_key_index = 1 if len(key.key_blocks) > 1 else 0
    return key


def _block(head: bpy.types.Object, key: Any, name: str) -> Any:
    block = key.key_blocks.get(name) or head.shape_key_add(name=name, from_mix=False)
    block.relative_key, block.mute = key.reference_key, False
    return block


def _write_points(block: Any, points: NDArray[Any]) -> None:
    block.points.foreach_set("co", np.ascontiguousarray(blender_points(points), dtype=np.float32).ravel())


def _set_range(block: Any, name: str, values: Array) -> None:
    """Let the slider reach as far as is usual, and as the clip goes."""
    least, most = (0.0, 1.0) if name in ARKIT else (-_USUAL_RANGE, _USUAL_RANGE)
    block.slider_max = min(max(most, math.ceil(10 * float(values.max())) / 10), LARGEST_VALUE)
    block.slider_min = max(min(least, math.floor(10 * float(values.min())) / 10), -LARGEST_VALUE)
