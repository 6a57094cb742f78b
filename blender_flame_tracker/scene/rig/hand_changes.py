"""Changes by hand to what a rig does, layers included: what it plays now against what the import has written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ....backend.contract.camera import BLENDER_WORLD_FROM_FLAME, nearest_rotations
from ....backend.contract.names import ARKIT
from ....backend.contract.performance.by_hand import LIDS, Turns
from ..keyframes import PERFORMED, animated_paths, bone_path, value_path
from ..parts import Parts
from ..unheard import nobody_listening
from . import bones
from .armature import bone_axes
from .bones import Array
from .editing import shown
from .face_keys import driven_names, written_names
from .layers import has_layers
from .writing import has_edits
from .written import remembered_paths, written_values

_SAME: Final = 1e-4
"""Of a slider: what differs by less was not changed, but rounded."""


@dataclass(frozen=True)
class HandChanges:
    """What was changed by hand on K scene frames.

    Attributes:
        values: Name of a shape key -> by how much its value differs (K,); those that nobody has touched are left out.
        shapes: Of those that are neither ARKit's nor lids: what a value of 1 moves (V, 3), in head axes and metres.
        before, after: How the bones were turned by the import, and how they are now.
    """

    values: dict[str, Array]
    shapes: dict[str, Array]
    before: Turns
    after: Turns


def changes_by_hand(parts: Parts, frame: NDArray[np.float64]) -> HandChanges | None:
    """Return what was changed by hand to a rig; None where nothing was, or where it plays a performance itself.

    Args:
        parts: Of the import.
        frame: Scene frames (K,), on which the rig is looked at in a scene of its own.
    """
    rig, key = parts.rig, parts.mesh.shape_keys
    if rig is None or key is None or _plays_performance(rig) or _plays_performance(key):
        return None
    added = animated_paths(key) - {(path, 0) for path in remembered_paths(key)}
    if not (has_layers(rig) or has_layers(key) or has_edits(parts) or added):
        return None
    values, after = _played(rig, parts.head, key, frame)
    differences = _differences(key, values, frame)
    shapes = {name: _shape_of(key, name) for name in differences if name not in ARKIT and name not in LIDS}
    return HandChanges(differences, shapes, _turns(_written_rotations(rig, frame)), _turns(after))


def displacement_of(key: bpy.types.Key, names: Sequence[str]) -> Array:
    """Return what a value of 1 of each of some keys moves (V, 3, N), in head axes; zero for keys that are not there."""
    there = {name: _shape_of(key, name) for name in names if name in key.key_blocks}
    still = np.zeros((len(key.reference_key.points), 3))
    return np.stack([there.get(name, still) for name in names], axis=2)


def _plays_performance(owner: Any) -> bool:
    """Whether a performance was put onto the rig itself: what it plays then is no edit of the track."""
    animation: Any = owner.animation_data
    if animation is None:
        return False
    actions = [animation.action, *(strip.action for track in animation.nla_tracks for strip in track.strips)]
    return any(action is not None and PERFORMED in action for action in actions)


def _played(
    rig: bpy.types.Object, head: bpy.types.Object, key: bpy.types.Key, frame: NDArray[np.float64]
) -> tuple[dict[str, Array], Array]:
    """Values of the keys, name -> (K,), and rotations of the bones against the head at rest (K, 6, 3, 3)."""
    names = [block.name for block in key.key_blocks]
    muted = np.array([block.mute for block in key.key_blocks])
    values = np.empty((len(frame), len(names)), dtype=np.float32)
    rotations = np.empty((len(frame), len(bones.NAMES), 3, 3))
    armature: Any = rig.data
    rest = [np.array(armature.bones[name].matrix_local.to_3x3()) for name in bones.NAMES]
    with shown(rig), _alone(rig, head) as (scene, sliders), nobody_listening():
        for row, at in enumerate(frame):
            whole = int(np.floor(at))
            scene.frame_set(whole, subframe=float(at) - whole)
            depsgraph: Any = scene.view_layers[0].depsgraph
            posed: Any = rig.evaluated_get(depsgraph)
            sliders.evaluated_get(depsgraph).key_blocks.foreach_get("value", values[row])
            for index, name in enumerate(bones.NAMES):
                rotations[row, index] = np.array(posed.pose.bones[name].matrix.to_3x3()) @ rest[index].T
    values[:, muted] = 0.0
    turned = BLENDER_WORLD_FROM_FLAME.T @ nearest_rotations(rotations) @ BLENDER_WORLD_FROM_FLAME
    return dict(zip(names, values.T.astype(np.float64), strict=True)), np.asarray(turned, dtype=np.float64)


@contextmanager
def _alone(rig: bpy.types.Object, head: bpy.types.Object) -> Iterator[tuple[bpy.types.Scene, Any]]:
    """Give a scene with the rig, and a copy of the head's keys without vertices, which is evaluated at once."""
    scene = bpy.data.scenes.new("Hand Changes")
    data: Any = head.data
    mesh: Any = data.copy()
    mesh.clear_geometry()
    empty = bpy.data.objects.new("Hand Changes", mesh)
    try:
        for thing in (rig, empty):
            scene.collection.objects.link(thing)
        yield scene, mesh.shape_keys
    finally:
        bpy.data.scenes.remove(scene)
        bpy.data.objects.remove(empty)
        bpy.data.meshes.remove(mesh)


def _differences(key: bpy.types.Key, values: dict[str, Array], frame: NDArray[np.float64]) -> dict[str, Array]:
    """By how much sliders differ from what was written.

    Those that the user has added count where they move: one that rests belongs to the head, not to what it does.
    """
    written = written_values(key, frame)
    names, driven = set(written_names(key)), driven_names(key)
    differences = {}
    for name, value in values.items():
        path = (value_path(name), 0)
        if name in driven or name == key.reference_key.name or (name in names and path not in written):
            continue
        difference = value - written[path] if path in written else value
        if np.abs(difference).max() > _SAME and (path in written or np.ptp(value) > _SAME):
            differences[name] = difference
    return differences


def _shape_of(key: bpy.types.Key, name: str) -> Array:
    """What a value of 1 of a shape key moves (V, 3), in head axes."""
    block: Any = key.key_blocks[name]
    points = np.empty((2, len(block.points), 3), dtype=np.float32)
    for row, each in enumerate((block.relative_key, block)):
        each.points.foreach_get("co", points[row].ravel())
    return np.asarray((points[1] - points[0]).astype(np.float64) @ BLENDER_WORLD_FROM_FLAME)


def _written_rotations(rig: bpy.types.Object, frame: NDArray[np.float64]) -> Array:
    """Rotations of the bones against the head at rest as they were written (K, 6, 3, 3)."""
    written, axes = written_values(rig, frame), bone_axes(rig)
    rest = np.tile(np.array([1.0, 0.0, 0.0, 0.0]), (len(frame), 1))
    rotations = np.empty((len(frame), len(bones.NAMES), 3, 3))
    for index, name in enumerate(bones.NAMES):
        path = bone_path(name, "rotation_quaternion")
        quaternion = np.stack([written.get((path, number), rest[:, number]) for number in range(4)], axis=1)
        turned = axes[index] @ _matrices(quaternion) @ axes[index].T
        parent = bones.PARENTS[name]
        rotations[:, index] = rotations[:, bones.NAMES.index(parent)] @ turned if parent else turned
    return rotations


def _matrices(quaternions: Array) -> Array:
    """Matrices (K, 3, 3) of quaternions (K, 4), w first."""
    w, x, y, z = (quaternions / np.linalg.norm(quaternions, axis=1, keepdims=True)).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), 2, 0)


def _turns(rotations: Array) -> Turns:
    """Head, jaw and eyes of the rotations of all bones (K, 6, 3, 3)."""
    head, jaw, left, right = (
        rotations[:, bones.NAMES.index(name)] for name in (bones.HEAD, bones.JAW, bones.LEFT_EYE, bones.RIGHT_EYE)
    )
    back = np.swapaxes(head, 1, 2)
    return Turns(head, back @ jaw, np.stack([back @ left, back @ right], axis=1))
