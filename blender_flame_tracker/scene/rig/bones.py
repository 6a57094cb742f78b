"""Bones of the rig: where each sits in a head, how it points, and which of FLAME's joints it stands for.

Head axes as in the track: x to the subject's left, y up, z out of the face. All bones have their X axis along the
head's x, so that a positive turn about X opens the jaw, lowers the gaze and nods.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ....backend.contract.names import JOINTS

Array = NDArray[np.float64]

ROOT: Final = "Root"
NECK: Final = "Neck"
HEAD: Final = "Head"
JAW: Final = "Jaw"
LEFT_EYE: Final = "Eye.L"
RIGHT_EYE: Final = "Eye.R"
NAMES: Final = (ROOT, NECK, HEAD, JAW, LEFT_EYE, RIGHT_EYE)
"""Parents first. Capitals, because FLAME's own masks, which are vertex groups too, are called ``neck`` and ``jaw``."""
PARENTS: Final = {ROOT: "", NECK: ROOT, HEAD: NECK, JAW: HEAD, LEFT_EYE: HEAD, RIGHT_EYE: HEAD}
JOINT_OF: Final = {HEAD: "neck", JAW: "jaw", LEFT_EYE: "left_eye", RIGHT_EYE: "right_eye"}
"""Bones that turn as joints of FLAME do, whose joint ``neck`` turns the head on the neck."""

_HEAD_LENGTH: Final = 0.12
_EYE_LENGTH: Final = 0.03
_TO_CHIN: Final = np.array([0.0, -0.03, 0.06])
_CHIN_WIDTH: Final = 0.01
"""Metres; half the width of the strip in which the chin is looked for."""


@dataclass(frozen=True)
class Rest:
    """A bone at rest, in head axes and metres.

    Attributes:
        name: Of the bone.
        start, end: Its two ends (3,).
        front: Where its Z axis points (3,), as far as that is square to the bone.
    """

    name: str
    start: Array
    end: Array
    front: Array


def rest_bones(neutral: NDArray[np.floating], joints: Array, weights: NDArray[np.floating]) -> tuple[Rest, ...]:
    """Return the bones of a head at rest, in the order of `NAMES`.

    Args:
        neutral: Vertices (V, 3).
        joints: FLAME's joints (5, 3).
        weights: How far each vertex follows each joint (V, 5).
    """
    base, pivot, jaw, left, right = (np.asarray(joints[index], dtype=np.float64) for index in range(len(JOINTS)))
    up, out = np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0])
    neck_end = pivot if np.linalg.norm(pivot - base) > 1e-3 else base + 0.05 * up
    # In the plane of x, so that the bone's X axis is the head's.
    neck_end = np.array([base[0], neck_end[1], neck_end[2]])
    return (
        Rest(ROOT, base, base + 0.05 * up, out),
        Rest(NECK, base, neck_end, np.cross((1.0, 0.0, 0.0), neck_end - base)),
        Rest(HEAD, pivot, pivot + _HEAD_LENGTH * up, out),
        _forward(JAW, jaw, _chin(np.asarray(neutral, dtype=np.float64), jaw, np.asarray(weights)[:, 2])),
        _forward(LEFT_EYE, left, left + _EYE_LENGTH * out),
        _forward(RIGHT_EYE, right, right + _EYE_LENGTH * out),
    )


def _forward(name: str, start: Array, end: Array) -> Rest:
    return Rest(name, start, end, np.cross((1.0, 0.0, 0.0), end - start))


def _chin(neutral: Array, jaw: Array, weight: NDArray[np.floating]) -> Array:
    """Return the point to which the jaw's bone leads, straight before its joint."""
    near = (weight > 0.5 * weight.max()) & (np.abs(neutral[:, 0] - jaw[0]) < _CHIN_WIDTH)
    if weight.max() <= 0 or not near.any():
        return jaw + _TO_CHIN
    points = neutral[near]
    chin = points[np.argmax(points[:, 2] - points[:, 1])]
    end = np.array([jaw[0], chin[1], chin[2]])
    return end if np.linalg.norm(end - jaw) > _CHIN_WIDTH else jaw + _TO_CHIN


def bone_weights(neutral: NDArray[np.floating], joints: Array, weights: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return how far each vertex follows each bone (V, 6).

    FLAME's root moves the base of the neck. Root and Neck share it by height, which changes nothing as long as the
    neck is straight, as in every track, and lets it bend when an animator turns it.
    """
    neutral, joints = np.asarray(neutral, dtype=np.float64), np.asarray(joints, dtype=np.float64)
    base = np.asarray(weights[:, 0], dtype=np.float64)
    height = neutral[:, 1]
    lowest = height[base > 0].min() if (base > 0).any() else 0.0
    share = np.clip((height - lowest) / max(joints[1, 1] - lowest, 1e-3), 0.0, 1.0)
    return np.stack([base * (1 - share), base * share, *np.asarray(weights)[:, 1:].T], axis=1).astype(np.float32)
