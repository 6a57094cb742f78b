"""Bare skin around a face: what has the colours of this very face rather than of what is around it.

Tells a cheek or an ear from the hair, cloth or background beside it; the mask of the person knows only the latter.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from ..contract.arrays import Array, Floats, Mask, Picture
from ..contract.names import (
    FACE_OVAL,
    LEFT_EYE_LOWER,
    LEFT_EYE_UPPER,
    OUTER_LIPS_LOWER,
    OUTER_LIPS_UPPER,
    RIGHT_EYE_LOWER,
    RIGHT_EYE_UPPER,
)
from ..raster.polygons import filled

_NOT_SKIN: Final = (
    (*RIGHT_EYE_UPPER, *RIGHT_EYE_LOWER[::-1]),
    (*LEFT_EYE_UPPER, *LEFT_EYE_LOWER[::-1]),
    (*OUTER_LIPS_UPPER, *OUTER_LIPS_LOWER[::-1]),
)
_BINS: Final = (16, 32, 32)
"""Of lightness and both tints, over 256 values each."""
_LEAST: Final = 200
"""Pixels that a kind of colours needs to count."""
_UNKNOWN: Final = 1e-5
"""Share of a colour that anything may have: colours seen nowhere are no skin."""
_CHIN: Final = 152
_BROWS: Final = (105, 334)


def skin_mask(crop: Picture, person: NDArray[np.uint8], points: Floats) -> NDArray[np.uint8]:
    """Return how much like bare skin each pixel of the person is (S, S), 255 = skin.

    By histograms of colours: those inside the landmarks' outline against those of background, of what is above the
    face and of what is far below it.

    Args:
        crop: RGB (S, S, 3) around an upright head.
        person: Its mask (S, S), 255 = person.
        points: Landmarks (478, 2) in pixels of the crop.
    """
    size = len(crop)
    lab = cv2.cvtColor(crop, cv2.COLOR_RGB2LAB)
    bins = lab.astype(np.int64) * np.array(_BINS) // 256
    cell = (bins[..., 0] * _BINS[1] + bins[..., 1]) * _BINS[2] + bins[..., 2]
    rows = np.arange(size)[:, None]
    above = (person > 180) & (rows < points[list(FACE_OVAL), 1].min() - 0.02 * size)
    below = (person > 180) & (rows > points[_CHIN, 1] + 0.22 * size)
    skin = _colours(cell, _inside(points, size))
    others = [_colours(cell, where) for where in (person < 75, above, below) if where.sum() > _LEAST]
    other = sum(others) / len(others) if others else np.full_like(skin, 1 / skin.size)
    likeness = (skin / (skin + other + _UNKNOWN))[cell]
    likeness = cv2.blur(likeness.astype(np.float32), (3, 3))
    # A beard, a shade or hair before the cheeks: below the brows all inside of the landmarks' outline is face.
    face = filled(points[list(FACE_OVAL)], person.shape) & (rows > points[list(_BROWS), 1].max())
    return np.round(np.where(face, 1.0, likeness) * person).astype(np.uint8)


def _inside(points: Floats, size: int) -> Mask:
    """The face without its rim, eyes and lips."""
    face = cv2.erode(filled(points[list(FACE_OVAL)], (size, size)).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    for outline in _NOT_SKIN:
        feature = filled(points[list(outline)], (size, size)).astype(np.uint8)
        face &= cv2.dilate(feature, np.ones((7, 7), np.uint8)) == 0
    return face


def _colours(cell: Array, where: Mask) -> Floats:
    """Share of each cell of the histogram (cells,), smoothed to the neighbouring ones."""
    counts = np.bincount(cell[where], minlength=int(np.prod(_BINS))).reshape(_BINS).astype(np.float64)
    smooth = gaussian_filter(counts, 1.0)
    return (smooth / max(float(smooth.sum()), 1.0)).ravel()
