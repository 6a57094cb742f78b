"""Animation of a rig: what the track says, as curves of bones and shape keys, in one action where Blender has slots."""

from __future__ import annotations

import itertools
import math
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ....backend.contract.camera import axis_angles, quaternions
from ....backend.contract.failure import Notice
from .. import keyframes
from ..keyframes import Channel, bone_path, value_path
from ..timeline import turning_points
from . import bones
from .armature import bone_axes
from .bones import Array
from .decomposition import Animation, RigShape
from .layers import fit_strips
from .reduction import Curve, Reduction, reduce_keys
from .written import remember_curves, remembered_paths


def bone_poses(rig: bpy.types.Object, animation: Animation) -> tuple[Array, Array]:
    """Return locations (K, 6, 3) and quaternions (K, 6, 4) of the bones, each in its own axes at rest."""
    axes = bone_axes(rig)
    local = np.einsum("bji,kbjl,blm->kbim", axes, animation.rotations, axes)
    locations = np.einsum("bji,kbj->kbi", axes, animation.translations)
    turns = np.stack([quaternions(axis_angles(local[:, index])) for index in range(len(axes))], axis=1)
    return locations, turns


def curves_of(rig: bpy.types.Object, shape: RigShape, animation: Animation) -> list[Curve]:
    """Return all that is keyed: locations and quaternions of each bone in turn, then the values of the shapes."""
    locations, turns = bone_poses(rig, animation)
    curves = []
    for index, name in enumerate(bones.NAMES):
        start = shape.bones[index].start
        follows = _followers(shape, index)
        reach = float((follows * np.linalg.norm(shape.neutral - start, axis=1)).max())
        curves.append(Curve(bone_path(name, "location"), locations[:, index], float(follows.max()), name))
        # A quaternion that is off by a little turns twice as far.
        curves.append(Curve(bone_path(name, "rotation_quaternion"), turns[:, index], 2 * reach, name))
    for index, name in enumerate(shape.names):
        reach = float(np.linalg.norm(shape.shapes[index], axis=1).max())
        curves.append(Curve(value_path(name), animation.values[:, index : index + 1], reach, ""))
    return curves


def _followers(shape: RigShape, bone: int) -> Array:
    """How far each vertex follows a bone, or one that hangs on it (V,)."""
    below = {bones.NAMES[bone]}
    for name in bones.NAMES:
        if bones.PARENTS[name] in below:
            below.add(name)
    return shape.weights[:, [index for index, name in enumerate(bones.NAMES) if name in below]].sum(axis=1)


def channels_of(curve: Curve, frame: NDArray[np.float64]) -> list[Channel]:
    """Return a curve with a key on every frame; one that is straight has keys only where it bends.

    Numbers of a vector are keyed on the same frames.
    """
    samples = curve.samples
    if samples.shape[1] == 1:
        rows = turning_points(frame, samples[:, 0])
    else:
        rows = np.arange(len(frame)) if np.ptp(samples, axis=0).any() else np.unique([0, len(frame) - 1])
    return [
        Channel(curve.path, index, frame[rows], samples[rows, index], group=curve.group)
        for index in range(samples.shape[1])
    ]


def write_animation(
    rig: bpy.types.Object,
    key: bpy.types.Key,
    shape: RigShape,
    animation: Animation,
    frame: NDArray[np.float64],
    bound: float,
) -> list[Notice]:
    """Key bones and shapes on scene frames (K,). What the user has keyed beside them stays.

    Args:
        rig, key: What is animated.
        shape: Of the rig.
        animation: On the frames.
        frame: Scene frames (K,).
        bound: Metres by which vertices may be off for the sake of fewer keys; 0 keys every frame.

    Returns:
        How many keys are left where some were left out.
    """
    curves = curves_of(rig, shape, animation)
    if bound > 0 and len(frame) > 2:
        reduction = reduce_keys(shape, bone_axes(rig), animation, curves, frame, bound)
        channels = [keys.channels(curve) for keys, curve in zip(reduction.keys, curves, strict=True)]
        notices = [_reduced(reduction)]
    else:
        channels, notices = [channels_of(curve, frame) for curve in curves], []
    of_bones = 2 * len(bones.NAMES)
    for_rig = list(itertools.chain.from_iterable(channels[:of_bones]))
    for_key = list(itertools.chain.from_iterable(channels[of_bones:]))
    for owner, written in ((rig, for_rig), (key, for_key)):
        keyframes.remove_channels(owner, remembered_paths(owner) - {each.path for each in written})
        if owner == key:
            keyframes.share_action(key, rig)
        keyframes.write_channels(owner, written)
        remember_curves(owner, written)
    fit_strips(rig, key)
    _take_first(rig, key, shape, animation)
    return notices


def _reduced(reduction: Reduction) -> Notice:
    return Notice(
        "keys-reduced",
        f"{reduction.left:,} of {reduction.before:,} keys are left;"
        f" no vertex is off by more than {math.ceil(1e5 * reduction.largest) / 100:.2f} mm.",
        "Reduce Keys: 0 keys every frame.",
    )


def _take_first(rig: bpy.types.Object, key: Any, shape: RigShape, animation: Animation) -> None:
    """Let all be right at once, also before the scene is evaluated."""
    locations, turns = bone_poses(rig, animation.at(slice(0, 1)))
    pose: Any = rig.pose
    for index, name in enumerate(bones.NAMES):
        pose.bones[name].location, pose.bones[name].rotation_quaternion = locations[0, index], turns[0, index]
    for index, name in enumerate(shape.names):
        key.key_blocks[name].value = animation.values[0, index]
