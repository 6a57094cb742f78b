"""Changes of poses as numbers that can be added, weighed and spread over time.

The head turns by the logarithm of its rotation (axis-angle from the left, camera axes) and moves in the picture: its
middle across, in units of the depth, and in depth by the logarithm, so that its size changes evenly and half a change
is half way in the picture. Neck, jaw, eyes, lids and expression are added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from ..arrays import Array, Floats, Integers
from ..camera import axis_angles, rotation_matrices
from ..track import Track
from .corrections import KeyPose

ADDED = ("neck_pose", "jaw_pose", "left_eye_pose", "right_eye_pose", "eyelids", "expression")
"""Channels after turn (3), picture (2) and log depth (1) among the numbers of a change, in their order."""
_NEAREST = 1e-3
"""Metres at which what is nearer or behind the camera is taken to be: nobody sees how it moves."""
LARGEST: Final = 1e3
"""Of all numbers of a pose that a head reaches: metres, radians, coefficients, and its depths beside the picture."""


@dataclass(frozen=True)
class Poses:
    """What a head does on T frames, as in `Track`: `KeyPose` for many."""

    head_rotation: Floats
    head_translation: Floats
    neck_pose: Floats
    jaw_pose: Floats
    left_eye_pose: Floats
    right_eye_pose: Floats
    eyelids: Floats
    expression: Floats

    def __len__(self) -> int:
        return len(self.head_rotation)

    def rows(self, rows: Integers | slice) -> Poses:
        """Return the poses of some frames."""
        return Poses(**{name: values[rows] for name, values in self.channels.items()})

    def at(self, row: int) -> KeyPose:
        """Return the pose of one frame."""
        return KeyPose(**{name: tuple(values[row].tolist()) for name, values in self.channels.items()})

    def with_rows(self, rows: Integers, others: Poses) -> Poses:
        """Return the poses with those of some frames replaced; these frames are not copied from each other."""
        result = {name: values.copy() for name, values in self.channels.items()}
        for name, values in result.items():
            values[rows] = others.channels[name]
        return Poses(**result)

    @property
    def channels(self) -> dict[str, Floats]:
        """Name -> values (T, C), in the order of `KeyPose`."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def poses_of(track: Track) -> Poses:
    """Return the poses of a track."""
    return Poses(**{field.name: np.asarray(getattr(track, field.name), np.float64) for field in fields(Poses)})


def poses_of_keys(keys: Sequence[KeyPose]) -> Poses:
    """Return single poses, one at least, as frames."""
    return Poses(**{field.name: np.array([getattr(key, field.name) for key in keys]) for field in fields(Poses)})


def middle_of(track: Track) -> Floats:
    """Return the middle of a track's head (3,), head space: of all that follows the neck more than the root."""
    neutral = np.asarray(track.neutral_vertices, dtype=np.float64)
    return neutral[np.asarray(track.skinning_weights)[:, 0] < 0.5].mean(axis=0)


def is_reachable(pose: KeyPose) -> bool:
    """Whether all numbers of a pose are some that a head reaches; it may be behind the camera."""
    numbers = np.concatenate([getattr(pose, name) for name in KeyPose.__dataclass_fields__])
    x, y, depth = pose.head_translation
    return bool((np.abs(numbers) <= LARGEST).all() and max(abs(x), abs(y)) <= LARGEST * max(abs(depth), _NEAREST))


def changes(start: Poses, end: Poses, middle: Floats) -> Floats:
    """Return what turns poses into others (T, 20 + E).

    Args:
        start, end: Of T frames.
        middle: Of the head, see `middle_of`.
    """
    before, after = rotation_matrices(start.head_rotation), rotation_matrices(end.head_rotation)
    turn = axis_angles(after @ np.swapaxes(before, 1, 2))
    picture = _picture(after @ middle + end.head_translation) - _picture(before @ middle + start.head_translation)
    added = [end.channels[name] - start.channels[name] for name in ADDED]
    return np.concatenate([turn, picture, *added], axis=1)


def changed(start: Poses, change: Floats, middle: Floats) -> Poses:
    """Return poses after changes (T, 20 + E), see `changes`."""
    before = rotation_matrices(start.head_rotation)
    after = rotation_matrices(change[:, :3]) @ before
    x, y, depth = (_picture(before @ middle + start.head_translation) + change[:, 3:6]).T
    position = np.stack([x, y, np.ones_like(x)], axis=1) * np.exp(depth)[:, None]
    ends = np.cumsum([6, *(start.channels[name].shape[1] for name in ADDED)])
    added = {name: start.channels[name] + change[:, a:b] for name, a, b in zip(ADDED, ends[:-1], ends[1:], strict=True)}
    return Poses(head_rotation=axis_angles(after), head_translation=position - after @ middle, **added)


def mixed(start: Poses, end: Poses, share: Floats, middle: Floats) -> Poses:
    """Return poses a share (T,) of the way from some to others, see `changes`."""
    return changed(start, share[:, None] * changes(start, end, middle), middle)


def _picture(position: Array) -> Floats:
    """Return points in camera axes (T, 3) as x and y in units of the depth, and the logarithm of that."""
    depth = np.maximum(position[:, 2:], _NEAREST)
    return np.concatenate([position[:, :2] / depth, np.log(depth)], axis=1)
