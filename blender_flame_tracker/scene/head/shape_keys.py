"""Shape keys, one per frame, exact on every frame: absolute ones play quickly, relative ones can be exported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ....backend.contract.camera import blender_points
from ....backend.contract.failure import Failure
from .. import keyframes
from ..timeline import turning_points

MEMORY_LIMIT: Final = 1 << 30
"""Most memory, in bytes, that the keys of a clip may take."""

_COPIES: Final = 2
"""Blender holds every key twice: in the file's data and in the copy that it evaluates."""


@dataclass(frozen=True)
class FrameKeys:
    """A shape key per frame, and when it is to be seen.

    Attributes:
        vertices: Head-space vertices in FLAME axes (T, V, 3).
        names: Of the keys (T).
        frame: Scene frames (K,).
        position: Which key is to be seen there, counted from 0 (K,).
        kind: `absolute` or `relative`, as `SceneSettings.key_kind`.
    """

    vertices: NDArray[Any]
    names: list[str]
    frame: NDArray[np.float64]
    position: NDArray[np.int64]
    kind: str


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


def write_frame_keys(head: bpy.types.Object, frames: FrameKeys, name: str) -> None:
    """Give a mesh without keys a key per frame and let them play.

    Args:
        head: Object with the mesh.
        frames: The keys.
        name: Of the datablock that holds them.
    """
    key = write_shape_keys(head, frames.vertices, frames.names)
    key.name = name
    animate = animate_relative if frames.kind == "relative" else animate_shape_keys
    animate(key, frames.frame, frames.position)


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
    mesh: Any = head.data
    key = mesh.shape_keys
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
    """Drive absolute keys over time, with one curve.

    Args:
        key: Of the head.
        frame: Scene frames (K,).
        position: Which shape key is to be seen there, counted from 0 (K,).
    """
    value = position.astype(np.float64) + 1
    needed = turning_points(frame, value)
    keyframes.write_channels(key, [keyframes.Channel("eval_time", 0, frame[needed], value[needed])])


def animate_relative(key: bpy.types.Key, frame: NDArray[np.float64], position: NDArray[np.int64]) -> None:
    """Make the keys relative, and drive each over time: it is 1 where its shape is to be seen, and 0 elsewhere.

    Between two frames both are mixed as absolute keys are. FBX and glTF carry values of keys, and no `eval_time`.

    Args:
        key: Of the head, its first block the neutral shape.
        frame: Scene frames (K,).
        position: Which shape key is to be seen there, counted from 0 (K,).
    """
    key.use_relative = True
    channels = []
    for index, block in enumerate(key.key_blocks[1:]):
        block.value = 0.0
        shown = np.flatnonzero(position == index)
        if len(shown) == 0:
            continue
        around = np.arange(max(shown[0] - 1, 0), min(shown[-1] + 2, len(frame)))
        value = (position[around] == index).astype(np.float64)
        channels.append(keyframes.Channel(block.path_from_id("value"), 0, frame[around], value))
    keyframes.write_channels(key, channels)
    if len(channels) > 0:
        key.key_blocks[1 + int(position[0])].value = 1.0


def join_motion(head: bpy.types.Object, camera: bpy.types.Object) -> None:
    """Let relative keys and the motion of the head or the camera be one animation for exporters."""
    mesh: Any = head.data
    key = mesh.shape_keys
    if key is not None and key.use_relative:
        keyframes.join_action(key, head if keyframes.find_curve(head, "location") is not None else camera)


def make_relative(key: bpy.types.Key) -> bool:
    """Turn absolute keys that one curve plays into relative ones; return whether there was anything to turn."""
    played = played_positions(key)
    if played is None:
        return False
    keyframes.remove_animation(key)
    animate_relative(key, *played)
    return True


def played_positions(key: bpy.types.Key) -> tuple[NDArray[np.float64], NDArray[np.int64]] | None:
    """Return scene frames (K,) and which absolute key is to be seen there (K,), None where no curve plays them."""
    curve = keyframes.find_curve(key, "eval_time")
    if key.use_relative or curve is None:
        return None
    first, last = (float(each) for each in curve.range())
    # On whole frames too, where the curve goes straight over them.
    frame = np.union1d(np.arange(np.ceil(first), np.floor(last) + 1), keyframes.key_frames(curve).astype(np.float64))
    value = np.array([curve.evaluate(moment) for moment in frame])
    whole = np.abs(value - np.round(value)) < 1e-4
    return frame[whole], np.round(value[whole]).astype(np.int64) - 1
