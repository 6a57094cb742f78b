"""Actions for the asset browser and the NLA: one for each shot, of bones and face together, edits included."""

from __future__ import annotations

import json
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from .. import keyframes
from ..keyframes import Channel
from ..parts import Parts
from ..stored import stored
from ..timeline import turning_points
from .editing import shown

SHOTS: Final = "flame_shots"
"""Custom property of the rig: JSON of the first and last scene frame of each shot of the clip."""


def remember_shots(rig: bpy.types.Object, frame: NDArray[np.float64], shot: NDArray[np.int64]) -> None:
    """Keep with a rig where the shots of its clip lie.

    Args:
        rig: Of the head.
        frame: Scene frames of the keys (K,).
        shot: Number of the shot that each belongs to (K,).
    """
    ends = [frame[shot == each] for each in np.unique(shot)]
    rig[SHOTS] = json.dumps([[int(np.ceil(part[0])), int(np.ceil(part[-1]))] for part in ends])


def shots_of(rig: bpy.types.Object) -> list[tuple[int, int]]:
    """Return first and last scene frame of each shot; none where the record is another program's."""
    try:
        return [(int(first), int(last)) for first, last in json.loads(stored(rig, SHOTS, str) or "[]")]
    except (ValueError, TypeError):
        return []


def save_shot_actions(scene: bpy.types.Scene, parts: Parts) -> list[bpy.types.Action]:
    """Return new actions, marked as assets, of all that is animated: one for each shot, two before Blender 4.4.

    They have a key on every frame of what is seen there, with all layers, and are used by nothing yet.

    Args:
        scene: Of the parts.
        parts: With a rig and its face.
    """
    rig, key = parts.rig, parts.mesh.shape_keys
    assert rig is not None and key is not None
    now = scene.frame_current, scene.frame_subframe
    shots, name = shots_of(rig), rig.name.removesuffix(" rig")
    made = []
    with shown(rig, parts.head):
        for number, (first, last) in enumerate(shots, start=1):
            frame = np.arange(first, last + 1, dtype=np.float64)
            sampled = _sampled(scene, (rig, key), frame)
            title = name if len(shots) == 1 else f"{name} shot {number}"
            made += _actions(title, (rig, key), sampled, frame)
    scene.frame_set(now[0], subframe=now[1])
    for action in made:
        action.asset_mark()
    return made


def _sampled(
    scene: bpy.types.Scene, owners: tuple[Any, ...], frame: NDArray[np.float64]
) -> list[dict[tuple[str, int], NDArray[np.float64]]]:
    """For each owner: data path and index -> values on the frames (K,)."""
    paths = [sorted(keyframes.animated_paths(owner)) for owner in owners]
    values = [{path: np.empty(len(frame)) for path in each} for each in paths]
    for row, at in enumerate(frame):
        scene.frame_set(int(at))
        for owner, into in zip(owners, values, strict=True):
            for path, index in into:
                number = owner.path_resolve(path)
                into[path, index][row] = number[index] if hasattr(number, "__len__") else number
    return values


def _actions(
    title: str,
    owners: tuple[Any, ...],
    values: list[dict[tuple[str, int], NDArray[np.float64]]],
    frame: NDArray[np.float64],
) -> list[bpy.types.Action]:
    actions = [bpy.data.actions.new(title)]
    for owner, of_owner in zip(owners, values, strict=True):
        if owner != owners[0] and not hasattr(actions[0], "slots"):
            actions.append(bpy.data.actions.new(f"{title} face"))
        channels = []
        for (path, index), numbers in of_owner.items():
            rows = turning_points(frame, numbers)
            channels.append(Channel(path, index, frame[rows], numbers[rows]))
        keyframes.write_action(actions[-1], owner, channels)
    return actions
