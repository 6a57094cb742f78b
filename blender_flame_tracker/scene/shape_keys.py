"""One absolute shape key per frame, driven by `eval_time`: exact on every frame and quick to play."""

from __future__ import annotations

from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ...backend.contract.camera import blender_points
from ...backend.contract.failure import Failure
from . import keyframes
from .timeline import turning_points

MEMORY_LIMIT: Final = 1 << 30
"""Most memory, in bytes, that the keys of a clip may take."""

_COPIES: Final = 2
"""Blender holds every key twice: in the file's data and in the copy that it evaluates."""


def memory_of_keys(vertex_count: int, frames: int) -> int:
    """Return the bytes of memory that a key per frame takes."""
    return vertex_count * 3 * 4 * frames * _COPIES


def too_many_keys(vertex_count: int, frame_index: NDArray[Any]) -> Failure | None:
    """Refuse a clip whose keys would not fit, before anything is made, and name a range that does.

    Args:
        vertex_count: Of the head.
        frame_index: Source frames that would get a key (T,).
    """
    needed = memory_of_keys(vertex_count, len(frame_index))
    if needed <= MEMORY_LIMIT:
        return None
    most = MEMORY_LIMIT // memory_of_keys(vertex_count, 1)
    first, last = int(frame_index[0]), int(frame_index[most - 1])
    return Failure(
        "too-many-shape-keys",
        f"A shape key for each of the {len(frame_index)} frames would take {needed / 2**30:.1f} GB of memory;"
        f" {MEMORY_LIMIT / 2**30:.0f} GB is the limit.",
        f"Import frames {first} to {last} (at most {most} at once), or switch the shape keys off.",
    )


def write_shape_keys(
    head: bpy.types.Object,
    vertices: NDArray[Any],
    names: list[str],
) -> bpy.types.Key:
    """Give the head a key per frame on top of its neutral shape; key i belongs to ``eval_time`` i + 1.

    A key takes its place in time from ``eval_time`` when it is made; a spacing of 1 makes every place a whole number,
    so that the mesh is exact on every frame (Blender's own spacing of 10 adds up rounding errors).

    Args:
        head: Object whose mesh has no keys yet.
        vertices: Head-space vertices in FLAME axes (T, V, 3).
        names: A name per frame (T).
    """
    head.shape_key_add(name="Neutral", from_mix=False)
    key = head.data.shape_keys
    key.use_relative = False
    buffer = np.empty(vertices.shape[1] * 3, dtype=np.float32)
    for index, name in enumerate(names):
        key.eval_time = index + 1
        block = head.shape_key_add(name=name, from_mix=False)
        buffer[:] = blender_points(np.asarray(vertices[index], dtype=np.float32)).ravel()
        # Not `data`: the typed collection is filled at once, 150 times faster.
        block.points.foreach_set("co", buffer)
    key.eval_time = 1
    return key


def animate_shape_keys(key: bpy.types.Key, frame: NDArray[np.float64], position: NDArray[np.int64]) -> None:
    """Drive the keys over time.

    Args:
        key: Of the head.
        frame: Scene frames (K,).
        position: Which shape key is to be seen there, counted from 0 (K,).
    """
    value = position.astype(np.float64) + 1
    needed = turning_points(frame, value)
    keyframes.write_channels(key, [keyframes.Channel("eval_time", 0, frame[needed], value[needed])])
