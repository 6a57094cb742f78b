"""Switch of who moves: the camera around a still head, or the head before a still camera. It loses nothing."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any, Final

import bpy
import numpy as np
from mathutils import Euler
from numpy.typing import NDArray

from ....backend.contract.camera import BLENDER_WORLD_FROM_FLAME, axis_angles, quaternions, rotation_matrices
from .. import keyframes
from ..stored import stored, stored_numbers

CAMERA_MOVES: Final = "camera"
HEAD_MOVES: Final = "head"

STORED: Final = "flame_motion"
"""Custom property of the camera object: the motion in double precision, `_pack`ed; a list in older files."""

_PATHS: Final = ("location", "rotation_quaternion")

_LEVEL: Final = BLENDER_WORLD_FROM_FLAME
"""Rotation of the still camera: level, looking along +Y, at a face that looks along -Y."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Motion:
    """Head-to-camera motion in Blender's axes.

    Attributes:
        frame: Scene frames (K,).
        rotation: (K, 3, 3).
        translation: (K, 3), metres.
    """

    frame: Array
    rotation: Array
    translation: Array


def write_motion(head: bpy.types.Object, camera: bpy.types.Object, motion: Motion, who: str) -> None:
    """Animate the head or the camera, and put the other one at rest.

    Args:
        head, camera: Children of the same parent, or of none.
        motion: Head to camera.
        who: `CAMERA_MOVES` or `HEAD_MOVES`.
    """
    for thing in (head, camera):
        _clear(thing)
    still: Any
    moving, still = (camera, head) if who == CAMERA_MOVES else (head, camera)
    (location, rotation), (rest_location, rest_rotation) = _placed(motion, who)
    still.location, still.rotation_quaternion = rest_location, rest_rotation
    _write_keys(moving, motion.frame, location, rotation)
    camera[STORED] = _pack(motion, who)


def write_motion_below(camera_space: bpy.types.Object, head: bpy.types.Object, motion: Motion) -> None:
    """Animate the head below an object that has the camera's space."""
    _clear(head)
    head.parent = camera_space
    _write_keys(head, motion.frame, motion.translation, _quaternions(motion.rotation))


def _clear(thing: bpy.types.Object) -> None:
    keyframes.remove_channels(thing, (*_PATHS, "rotation_euler", "rotation_axis_angle", "scale"))
    thing.rotation_mode = "QUATERNION"
    thing.scale = (1.0, 1.0, 1.0)
    # A parent inverse left by hand would come between the two.
    thing.matrix_parent_inverse.identity()


def _write_keys(thing: bpy.types.Object, frame: Array, location: Array, rotation: Array) -> None:
    keyframes.write_channels(
        thing,
        [
            *keyframes.vector_channels("location", frame, location),
            *keyframes.vector_channels("rotation_quaternion", frame, rotation),
        ],
    )
    # Right at once, also before the scene is evaluated.
    thing.location, thing.rotation_quaternion = location[0], rotation[0]


def motion_of(camera: bpy.types.Object) -> str:
    """Return who moves now: `CAMERA_MOVES` or `HEAD_MOVES`."""
    text = stored(camera, STORED, str)
    if text is None:  # An older version kept a list of numbers.
        return HEAD_MOVES if stored_numbers(camera, STORED)[:1] == [1.0] else CAMERA_MOVES
    return HEAD_MOVES if text.startswith(f"{HEAD_MOVES} ") else CAMERA_MOVES


def switch_motion(head: bpy.types.Object, camera: bpy.types.Object, who: str) -> None:
    """Let the other one move, with the same picture through the camera on every key.

    As long as nobody has touched the keys, the motion is taken from where it is kept in double precision, so that
    switching any number of times gives back the same keys to the last bit. Keys that were edited are read as they
    are: no edit is lost.
    """
    write_motion(head, camera, read_motion(head, camera), who)


def read_motion(head: bpy.types.Object, camera: bpy.types.Object) -> Motion:
    """Return the head-to-camera motion that the two objects have now, on every frame where one of them has a key."""
    known = _unpack(_packed(camera))
    if known is not None and _untouched(head, camera, *known):
        return known[0]
    frame = _all_key_frames(head, camera)
    head_location, head_rotation = _sampled(head, frame)
    camera_location, camera_rotation = _sampled(camera, frame)
    into_camera = np.swapaxes(camera_rotation, -1, -2)
    translation = np.einsum("kij,kj->ki", into_camera, head_location - camera_location)
    return Motion(frame, into_camera @ head_rotation, translation)


def _placed(motion: Motion, who: str) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """(location (K, 3), quaternion (K, 4)) of what moves, and of what rests."""
    if who == CAMERA_MOVES:
        out_of_camera = np.swapaxes(motion.rotation, -1, -2)
        location = -np.einsum("kij,kj->ki", out_of_camera, motion.translation)
        return (location, _quaternions(out_of_camera)), (np.zeros(3), np.array([1.0, 0.0, 0.0, 0.0]))
    # The camera stands level where the head is at the origin in the middle of its way.
    rest = -_LEVEL @ np.median(motion.translation, axis=0)
    location = motion.translation @ _LEVEL.T + rest
    return (location, _quaternions(_LEVEL @ motion.rotation)), (rest, _quaternions(_LEVEL[None])[0])


def _quaternions(matrices: Array) -> Array:
    return quaternions(axis_angles(matrices))


def _pack(motion: Motion, who: str) -> str:
    """Who moves, and frame, rotation matrix and translation of every key as Base64 of doubles.

    A text, because exporters warn of lists of numbers on every frame.
    """
    table = np.concatenate([motion.frame[:, None], motion.rotation.reshape(-1, 9), motion.translation], axis=1)
    return f"{who} {base64.b64encode(table.astype('<f8').tobytes()).decode()}"


def _packed(camera: bpy.types.Object) -> list[float]:
    """[1 where the head moves, else 0; then the numbers of every key]; empty where there are none."""
    text = stored(camera, STORED, str)
    if text is None:
        return stored_numbers(camera, STORED)
    try:
        numbers = np.frombuffer(base64.b64decode(text.partition(" ")[2], validate=True), dtype="<f8")
    except ValueError:
        return []
    return [1.0 if motion_of(camera) == HEAD_MOVES else 0.0, *numbers.tolist()]


def _unpack(packed: list[float]) -> tuple[Motion, str] | None:
    numbers = np.array(packed, dtype=np.float64)
    if len(numbers) < 14 or len(numbers) % 13 != 1 or not np.isfinite(numbers).all():
        return None
    table = numbers[1:].reshape(-1, 13)
    motion = Motion(table[:, 0], table[:, 1:10].reshape(-1, 3, 3), table[:, 10:])
    return motion, HEAD_MOVES if numbers[0] == 1.0 else CAMERA_MOVES


def _untouched(head: bpy.types.Object, camera: bpy.types.Object, motion: Motion, who: str) -> bool:
    """Whether the objects carry exactly what `write_motion` wrote."""
    moving, still = (camera, head) if who == CAMERA_MOVES else (head, camera)
    (location, rotation), (rest_location, rest_rotation) = _placed(motion, who)
    for path, values, rest in (("location", location, rest_location), ("rotation_quaternion", rotation, rest_rotation)):
        if not np.array_equal(np.array(getattr(still, path), dtype=np.float32), rest.astype(np.float32)):
            return False
        for index in range(values.shape[1]):
            if keyframes.find_curve(still, path, index) is not None:
                return False
            curve = keyframes.find_curve(moving, path, index)
            if curve is None or len(curve.keyframe_points) != len(motion.frame):
                return False
            same_frames = np.array_equal(keyframes.key_frames(curve), motion.frame.astype(np.float32))
            if not same_frames or not np.array_equal(keyframes.key_values(curve), values[:, index].astype(np.float32)):
                return False
    return True


def _all_key_frames(*things: bpy.types.Object) -> Array:
    """Every frame on which one of the objects has a key of its motion; the current one where there is none."""
    frames: set[float] = set()
    for thing in things:
        for path, length in (("location", 3), ("rotation_quaternion", 4), ("rotation_euler", 3)):
            for index in range(length):
                curve = keyframes.find_curve(thing, path, index)
                if curve is not None:
                    frames.update(float(frame) for frame in keyframes.key_frames(curve))
    return np.array(sorted(frames) or [float(bpy.context.scene.frame_current)])


def _sampled(thing: bpy.types.Object, frame: Array) -> tuple[Array, Array]:
    """(locations (K, 3), rotation matrices (K, 3, 3)) of an object at the frames, in its parent's space."""
    location = _sampled_vector(thing, "location", frame)
    if thing.rotation_mode == "QUATERNION":
        rotation = _matrices_of(_sampled_vector(thing, "rotation_quaternion", frame))
        return location, rotation
    if thing.rotation_mode == "AXIS_ANGLE":
        values = _sampled_vector(thing, "rotation_axis_angle", frame)
        axis = values[:, 1:] / np.maximum(np.linalg.norm(values[:, 1:], axis=1, keepdims=True), 1e-12)
        return location, rotation_matrices(axis * values[:, :1])
    angles = _sampled_vector(thing, "rotation_euler", frame)
    turns = [np.array(Euler(row, thing.rotation_mode).to_matrix(), dtype=np.float64) for row in angles]
    return location, np.array(turns)


def _sampled_vector(thing: bpy.types.Object, path: str, frame: Array) -> Array:
    values = np.tile(np.array(getattr(thing, path), dtype=np.float64), (len(frame), 1))
    for index in range(values.shape[1]):
        curve = keyframes.find_curve(thing, path, index)
        if curve is not None:
            values[:, index] = [curve.evaluate(float(moment)) for moment in frame]
    return values


def _matrices_of(values: Array) -> Array:
    """Rotation matrices (K, 3, 3) of quaternions (K, 4), w first, of any length."""
    values = values / np.linalg.norm(values, axis=1, keepdims=True)
    length = np.linalg.norm(values[:, 1:], axis=1, keepdims=True)
    angle = 2 * np.arctan2(length, values[:, :1])
    axis = values[:, 1:] / np.where(length > 0, length, 1.0)
    return rotation_matrices(axis * angle)
