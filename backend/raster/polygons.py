"""Polygons in pictures: their area and the pixels inside them."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Array

_SHIFT: Final = 4
"""Binary digits after the point with which polygons are filled."""


def signed_area(polygon: Array) -> float:
    """Return the area of a polygon (N, 2); positive where it goes clockwise in a picture."""
    x, y = polygon[:, 0], polygon[:, 1]
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)


def filled(polygon: Array, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return the pixels of a picture of that shape that lie inside a polygon (N, 2)."""
    canvas = np.zeros(shape, dtype=np.uint8)
    corners = [np.rint(polygon * 2**_SHIFT).astype(np.int32)]
    cv2.fillPoly(canvas, corners, (1,), lineType=cv2.LINE_8, shift=_SHIFT)
    return canvas > 0
