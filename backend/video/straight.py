"""Pictures of a curved lens as a pinhole camera would have taken them: of the same size, black where nothing was."""

from __future__ import annotations

import functools
from typing import Final

import cv2
import numpy as np

from ..contract.arrays import Picture, Singles
from ..contract.distortion import CurvedLens

_LENSES: Final = 2
"""Whose maps are kept: those of 4K take 66 MB."""


def straight_picture(picture: Picture, curved: CurvedLens) -> Picture:
    """Return the straight picture of a picture (H, W, 3) uint8 of the lens's size."""
    across, down = _maps(curved)
    straight = cv2.remap(picture, across, down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=(0, 0, 0))
    return np.asarray(straight, dtype=np.uint8)


@functools.lru_cache(maxsize=_LENSES)
def _maps(curved: CurvedLens) -> tuple[Singles, Singles]:
    """Where in the footage each pixel of the straight picture is: x and y, both (H, W)."""
    width, height = curved.intrinsics.width, curved.intrinsics.height
    across, down = np.empty((height, width), np.float32), np.empty((height, width), np.float32)
    columns = np.arange(width, dtype=np.float64)
    for row in range(height):
        pixels = curved.on_footage(np.stack([columns, np.full(width, float(row))], axis=-1))
        across[row], down[row] = pixels[:, 0], pixels[:, 1]
    return across, down
