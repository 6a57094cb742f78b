"""VRM Animation (.vrma), written: expressions, the gaze, head and neck, for any humanoid model of VRM 1.0.

As `VRMC_vrm_animation` 1.0 asks (vrm-c/vrm-specification): the weight of an expression is the translation of its node
along x, the gaze is the rotation of the `lookAt` node, the skeleton rests in a T-pose that faces +Z, and only the hips
may be moved. A model has either the presets or, for *Perfect Sync*, the 52 as expressions of its own; both at once
would count everything twice, so that there is a file for each.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from ...arrays import Array
from ...camera import axis_angles, quaternions
from ...failure import Failure
from ..channels import CHANNELS, region_of
from ..characters.vrm_presets import PRESETS, presets_for
from ..gaze import COLUMNS, gaze_of
from ..performance import NECK_SHARE, Performance
from ..transfer.arkit_head import eye_rotations
from .gltf_binary import AnimatedNodes

EXTENSION: Final = "VRMC_vrm_animation"
_LOOK_OFFSET: Final = (0.0, 0.06, 0.0)
"""From the bone of the head to between the eyes, metres."""

_BONES: Final = {
    "hips": ("", (0.0, 0.95, 0.0)),
    "spine": ("hips", (0.0, 0.08, 0.0)),
    "chest": ("spine", (0.0, 0.14, 0.0)),
    "neck": ("chest", (0.0, 0.26, 0.0)),
    "head": ("neck", (0.0, 0.09, 0.0)),
    **{
        f"{side}{bone}": (f"{side}{above}" if above[0].isupper() else above, (sign * x, y, z))
        for side, sign in (("left", 1.0), ("right", -1.0))
        for bone, above, (x, y, z) in (
            ("UpperArm", "chest", (0.16, 0.19, 0.0)),
            ("LowerArm", "UpperArm", (0.27, 0.0, 0.0)),
            ("Hand", "LowerArm", (0.25, 0.0, 0.0)),
            ("UpperLeg", "hips", (0.09, -0.06, 0.0)),
            ("LowerLeg", "UpperLeg", (0.0, -0.41, 0.0)),
            ("Foot", "LowerLeg", (0.0, -0.41, 0.0)),
        )
    },
}
"""Bones that VRM requires, chest and neck: the bone above, and how far from there it stands in the T-pose, metres."""


def vrm_animation(performance: Performance, generator: str, *, perfect_sync: bool = False) -> bytes | Failure:
    """Return the file; keys are sparse, as a frame without a face has none.

    Args:
        performance: What is written. Channels that are not tracked are left out.
        generator: Name and version of the program.
        perfect_sync: Write the channels as expressions of the model's own, named as ARKit does, instead of presets. The
            eight of the gaze are not among them, as the gaze is there already.
    """
    shown = performance.has_face
    if not shown.any():
        return Failure(
            "performance-empty", "The performance has no frame with a face.", "Track a range that shows one."
        )
    nodes = AnimatedNodes(performance.name or "Performance", performance.time[shown])
    weights = np.nan_to_num(performance.weights[shown])
    expressions = _own_expressions(performance, weights) if perfect_sync else _presets(weights)
    bones = _skeleton(nodes, performance, shown)
    look_at = nodes.node("lookAt")
    nodes.animate(look_at, "rotation", _gaze(performance, weights, shown))
    entries: dict[str, Any] = {}
    for name, values in expressions.items():
        node = nodes.node(name)
        nodes.animate(node, "translation", np.outer(np.clip(values, 0, 1), (1.0, 0.0, 0.0)))
        entries[name] = {"node": node}
    extension = {
        "specVersion": "1.0",
        "humanoid": {"humanBones": {name: {"node": node} for name, node in bones.items()}},
        "expressions": {"custom" if perfect_sync else "preset": entries},
        "lookAt": {"node": look_at, "offsetFromHeadBone": list(_LOOK_OFFSET)},
    }
    return nodes.to_bytes({EXTENSION: extension}, generator)


def _presets(weights: Array) -> dict[str, Array]:
    return dict(zip(PRESETS, presets_for(weights).T, strict=True))


def _own_expressions(performance: Performance, weights: Array) -> dict[str, Array]:
    return {
        channel: weights[:, column]
        for column, channel in enumerate(CHANNELS)
        if performance.is_tracked[column] and region_of(channel) != "gaze"
    }


def _skeleton(nodes: AnimatedNodes, performance: Performance, shown: Array) -> dict[str, int]:
    """Add the bones; neck and head share the head's rotation about the same axis."""
    bones: dict[str, int] = {}
    for name, (above, offset) in _BONES.items():
        bones[name] = nodes.node(name, offset, bones[above] if above else None)
    if performance.head_rotation is not None:
        turned = np.nan_to_num(performance.head_rotation[shown])
        for name, share in (("neck", NECK_SHARE), ("head", 1 - NECK_SHARE)):
            nodes.animate(bones[name], "rotation", _xyzw(share * turned))
    return bones


def _gaze(performance: Performance, weights: Array, shown: Array) -> Array:
    """Return the rotation (T, 4) of both eyes together: yaw about y, then pitch, from a look along +Z."""
    gaze = gaze_of(weights[:, COLUMNS]) if performance.gaze is None else performance.gaze[shown]
    return _xyzw(axis_angles(eye_rotations(np.nan_to_num(gaze).mean(axis=1))))


def _xyzw(rotation: Array) -> Array:
    return np.roll(quaternions(rotation), -1, axis=1)
