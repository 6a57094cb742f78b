"""Yaw, pitch and roll of a head as Live Link Face counts them, in radians.

Positive yaw turns the head towards the subject's right, as it does the eyes. In the axes of the head (x to the
subject's left, y up, z out of the face) the angles are minus pitch, minus yaw, minus roll about x, y and z: the sign in
which Faceit, the reader that most animators have, takes these columns. Every public take has zeros there, so neither
unit nor sign can be checked against a phone.
"""

from __future__ import annotations

import numpy as np

from ...arrays import Array
from ...camera import axis_angles, rotation_matrices


def rotation_of(angles: Array) -> Array:
    """Return axis-angles (T, 3) of yaw, pitch and roll (T, 3): yaw last, about the upright axis."""
    return axis_angles(_turned(-angles[:, 0], 1) @ _turned(-angles[:, 1], 0) @ _turned(-angles[:, 2], 2))


def angles_of(rotation: Array) -> Array:
    """Return yaw, pitch and roll (T, 3) of axis-angles (T, 3); the inverse of `rotation_of`."""
    return -angles_about_axes(rotation_matrices(rotation))[:, [1, 0, 2]]


def angles_about_axes(matrix: Array) -> Array:
    """Return the angles (T, 3) about x, y and z, radians, of rotations (T, 3, 3): about z first, then x, then y."""
    x = np.arcsin(np.clip(-matrix[:, 1, 2], -1, 1))
    y = np.arctan2(matrix[:, 0, 2], matrix[:, 2, 2])
    z = np.arctan2(matrix[:, 1, 0], matrix[:, 1, 1])
    return np.stack([x, y, z], axis=1)


def _turned(angle: Array, axis: int) -> Array:
    return rotation_matrices(angle[:, None] * np.eye(3)[axis])
