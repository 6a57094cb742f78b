"""Animation of a rig: what the track says, as curves of bones and shape keys, in one action where Blender has slots."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ....backend.contract.camera import axis_angles, quaternions
from .. import keyframes
from ..keyframes import Channel
from ..timeline import turning_points
from . import bones
from .armature import bone_axes
from .bones import Array
from .decomposition import Animation, RigShape


def value_path(name: str) -> str:
    """Return the data path of a shape key's value, from its `Key`."""
    return f'key_blocks["{bpy.utils.escape_identifier(name)}"].value'


def bone_path(name: str, of: str) -> str:
    """Return the data path of something of a pose bone, from its object."""
    return f'pose.bones["{bpy.utils.escape_identifier(name)}"].{of}'


def bone_poses(rig: bpy.types.Object, animation: Animation) -> tuple[Array, Array]:
    """Return locations (K, 6, 3) and quaternions (K, 6, 4) of the bones, each in its own axes at rest."""
    axes = bone_axes(rig)
    local = np.einsum("bji,kbjl,blm->kbim", axes, animation.rotations, axes)
    locations = np.einsum("bji,kbj->kbi", axes, animation.translations)
    turns = np.stack([quaternions(axis_angles(local[:, index])) for index in range(len(axes))], axis=1)
    return locations, turns


def write_animation(
    rig: bpy.types.Object, key: bpy.types.Key, shape: RigShape, animation: Animation, frame: NDArray[np.float64]
) -> None:
    """Key bones and shapes on scene frames (K,). What the user has keyed beside them stays."""
    keyframes.write_channels(rig, bone_channels(rig, animation, frame))
    keyframes.write_channels(key, value_channels(shape, animation, frame))
    keyframes.join_action(key, rig)
    _take_first(rig, key, shape, animation)


def bone_channels(rig: bpy.types.Object, animation: Animation, frame: NDArray[np.float64]) -> list[Channel]:
    """Return the channels of all bones; a bone that keeps still has a key at either end."""
    locations, turns = bone_poses(rig, animation)
    channels = []
    for index, name in enumerate(bones.NAMES):
        for of, values in (("location", locations[:, index]), ("rotation_quaternion", turns[:, index])):
            still = not np.ptp(values, axis=0).any()
            rows = np.unique([0, len(frame) - 1]) if still else np.arange(len(frame))
            channels += [
                Channel(bone_path(name, of), axis, frame[rows], values[rows, axis], group=name)
                for axis in range(values.shape[1])
            ]
    return channels


def value_channels(shape: RigShape, animation: Animation, frame: NDArray[np.float64]) -> list[Channel]:
    """Return a channel for each shape."""
    channels = []
    for index, name in enumerate(shape.names):
        values = animation.values[:, index]
        rows = turning_points(frame, values)
        channels.append(Channel(value_path(name), 0, frame[rows], values[rows]))
    return channels


def _take_first(rig: bpy.types.Object, key: Any, shape: RigShape, animation: Animation) -> None:
    """Let all be right at once, also before the scene is evaluated."""
    locations, turns = bone_poses(rig, animation.at(slice(0, 1)))
    pose: Any = rig.pose
    for index, name in enumerate(bones.NAMES):
        pose.bones[name].location, pose.bones[name].rotation_quaternion = locations[0, index], turns[0, index]
    for index, name in enumerate(shape.names):
        key.key_blocks[name].value = animation.values[0, index]
