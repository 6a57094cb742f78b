"""Conversion of a rig into a shape key per frame: what it does with all edits, frame by frame, without the track."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ....backend.contract.camera import BLENDER_WORLD_FROM_FLAME
from ....backend.contract.failure import Failure
from .. import keyframes
from ..head.frame_mesh import remove_frames
from ..head.hand_edits import forget_keys, remember_keys
from ..head.shape_keys import FrameKeys, too_many_keys, write_frame_keys
from ..parts import Parts
from ..record import read_record
from .armature import MODIFIER
from .editing import shown
from .layers import has_layers
from .writing import has_edits, remove_rig


def rig_to_keys(scene: bpy.types.Scene, parts: Parts, kind: str) -> Parts | Failure:
    """Return the parts with a key per frame in place of a rig, or why that is not possible.

    Args:
        scene: Of the parts.
        parts: With a rig.
        kind: Of the keys, `absolute` or `relative`.
    """
    rig = parts.rig
    if rig is None:
        return Failure("no-rig", "The head has no rig.", "Convert it to a rig first.")
    first, last = _range(parts, rig)
    frame = np.arange(first, last + 1, dtype=np.float64)
    record = read_record(parts.collection)
    start = record.footage_start if record.footage_start is not None and not record.retimed else 0
    index = frame.astype(np.int64) - start
    refusal = too_many_keys(len(parts.mesh.vertices), index)
    if refusal is not None:
        return refusal
    edited = has_layers(rig) or has_edits(parts)
    vertices, motion = _baked(scene, parts, rig, frame)
    parts = remove_frames(remove_rig(parts))
    head, mesh = parts.head, parts.mesh
    if mesh.shape_keys is not None:
        keyframes.remove_animation(mesh.shape_keys)
        head.shape_key_clear()
    names = [f"Frame {each}" for each in index]
    write_frame_keys(head, FrameKeys(vertices, names, frame, np.arange(len(frame)), kind), f"{parts.root.name} keys")
    for path, values in motion.items():
        keyframes.write_channels(head, keyframes.vector_channels(path, frame, values))
    # What differs from the track is kept on a copy when that is imported again.
    (forget_keys if edited else remember_keys)(parts)
    return parts


def _range(parts: Parts, rig: bpy.types.Object) -> tuple[int, int]:
    """First and last scene frame of the clip."""
    fit = read_record(parts.collection).fit
    if fit is not None:
        return fit.first, fit.last
    animation: Any = rig.animation_data
    start, end = animation.action.frame_range if animation is not None and animation.action is not None else (1, 1)
    return round(start), round(end)


def _baked(
    scene: bpy.types.Scene, parts: Parts, rig: bpy.types.Object, frame: NDArray[np.float64]
) -> tuple[NDArray[np.float32], dict[str, NDArray[np.float64]]]:
    """Vertices as posed, in head axes (K, V, 3), and the rig's own motion where it moves: data path -> (K, N)."""
    moves = keyframes.find_curve(rig, "location") is not None
    now = scene.frame_current, scene.frame_subframe
    vertices = np.empty((len(frame), len(parts.mesh.vertices), 3), dtype=np.float32)
    locations, turns = np.empty((len(frame), 3)), np.empty((len(frame), 4))
    points = np.empty(3 * len(parts.mesh.vertices), dtype=np.float32)
    with shown(rig, parts.head), _only_posed(parts.head):
        for index, at in enumerate(frame):
            scene.frame_set(int(at))
            depsgraph = bpy.context.evaluated_depsgraph_get()
            posed: Any = parts.head.evaluated_get(depsgraph).data
            posed.vertices.foreach_get("co", points)
            vertices[index] = points.reshape(-1, 3) @ BLENDER_WORLD_FROM_FLAME.astype(np.float32)
            basis = rig.evaluated_get(depsgraph).matrix_basis
            locations[index], turns[index] = basis.translation, basis.to_quaternion()
            if index and turns[index] @ turns[index - 1] < 0:
                turns[index] = -turns[index]
    scene.frame_set(now[0], subframe=now[1])
    return vertices, {"location": locations, "rotation_quaternion": turns} if moves else {}


@contextmanager
def _only_posed(head: bpy.types.Object) -> Iterator[None]:
    """Let nothing but the rig change the mesh meanwhile."""
    others = [each for each in head.modifiers if each.name != MODIFIER and each.show_viewport]
    for each in others:
        each.show_viewport = False
    try:
        yield
    finally:
        for each in others:
            each.show_viewport = True
