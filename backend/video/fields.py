"""Interlaced frames, whose even and odd lines show two moments, as pictures of one of them."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from ..contract.arrays import Picture

COMBED: Final = 100.0
"""Product of the differences of a line's grey from its two neighbours above which it is of another moment: grain and
fine detail of one picture stay below it."""

REACH: Final = (9, 5)
"""Width and height in pixels around a combed place that is taken from one moment with it: teeth have gaps."""


def one_moment(picture: Picture) -> Picture:
    """Return an interlaced RGB picture with the odd lines filled from the even ones where something moves.

    Where nothing moves both moments show the same, and the picture keeps its full sharpness.
    """
    if picture.shape[0] < 3:
        return picture
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    odd = grey[1:-1:2]
    above, below = odd - grey[0:-2:2], odd - grey[2::2]
    combed = ((above * below) > COMBED).astype(np.uint8)
    moving = cv2.dilate(combed, np.ones(REACH[::-1], np.uint8))[..., None] > 0
    result = picture.copy()
    between = (picture[0:-2:2].astype(np.uint16) + picture[2::2] + 1) // 2
    result[1:-1:2] = np.where(moving, between.astype(np.uint8), picture[1:-1:2])
    if picture.shape[0] % 2 == 0:
        result[-1] = np.where(moving[-1], picture[-2], picture[-1])
    return result
