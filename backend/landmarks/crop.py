"""Square crops of a picture, turned and sampled without aliasing, with the exact way back to full-frame pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..head.model import Floats

Picture = NDArray[np.uint8]

_SHRINK_BY_AREA: Final = 1.3
"""Source pixels per crop pixel above which the source is averaged first: bilinear sampling would skip pixels."""


@dataclass(frozen=True)
class Region:
    """A square of the picture.

    Attributes:
        centre_x, centre_y: Full-frame pixels, (0, 0) = centre of the top-left pixel.
        side: Pixels.
        roll: Radians by which the square is turned clockwise in the picture.
    """

    centre_x: float
    centre_y: float
    side: float
    roll: float

    def moved(self, x: float, y: float, scale: float, roll: float) -> Region:
        """Return the region moved by shares of its side along its own axes, scaled and turned (radians)."""
        cos, sin = np.cos(self.roll), np.sin(self.roll)
        return Region(
            self.centre_x + self.side * (x * cos - y * sin),
            self.centre_y + self.side * (x * sin + y * cos),
            self.side * scale,
            self.roll + roll,
        )

    def to_image(self, size: int) -> Floats:
        """Return the matrix (2, 3) from pixel centres of a crop of size x size to full-frame pixels."""
        scale = self.side / size
        cos, sin = np.cos(self.roll) * scale, np.sin(self.roll) * scale
        middle = (size - 1) / 2
        return np.array(
            [
                [cos, -sin, self.centre_x - cos * middle + sin * middle],
                [sin, cos, self.centre_y - sin * middle - cos * middle],
            ]
        )


def apply(matrix: Floats, points: Floats) -> Floats:
    """Return points (…, 2) under an affine matrix (2, 3)."""
    return points @ matrix[:, :2].T + matrix[:, 2]


def inverse(matrix: Floats) -> Floats:
    """Return the inverse (2, 3) of an affine matrix (2, 3)."""
    return cv2.invertAffineTransform(matrix).astype(np.float64)


def sample(picture: Picture, region: Region, size: int, *, mirrored: bool = False) -> Picture:
    """Return the crop, uint8 (size, size, 3); outside the picture it is black, as MediaPipe fills it.

    Args:
        picture: RGB (H, W, 3).
        region: What to cut out.
        size: Side of the crop in pixels.
        mirrored: Flip the crop left to right.
    """
    matrix = region.to_image(size)
    source, matrix = _shrunk(picture, region, matrix, size)
    if mirrored:
        matrix = np.column_stack([-matrix[:, 0], matrix[:, 1], matrix[:, 2] + matrix[:, 0] * (size - 1)])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    crop = cv2.warpAffine(
        source, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=(0, 0, 0)
    )
    return crop.astype(np.uint8, copy=False)


def _shrunk(picture: Picture, region: Region, matrix: Floats, size: int) -> tuple[Picture, Floats]:
    """Average pixels of the part around the region where the crop is much coarser than the picture."""
    factor = region.side / size
    if factor <= _SHRINK_BY_AREA:
        return picture, matrix
    reach = region.side / 2 * (abs(np.cos(region.roll)) + abs(np.sin(region.roll))) + 2 * factor
    height, width = picture.shape[:2]
    left, right = max(0, int(region.centre_x - reach)), min(width, int(region.centre_x + reach) + 2)
    top, bottom = max(0, int(region.centre_y - reach)), min(height, int(region.centre_y + reach) + 2)
    if right - left < 2 or bottom - top < 2:
        return picture, matrix
    small_width = max(1, round((right - left) / factor))
    small_height = max(1, round((bottom - top) / factor))
    small = cv2.resize(picture[top:bottom, left:right], (small_width, small_height), interpolation=cv2.INTER_AREA)
    step_x, step_y = (right - left) / small_width, (bottom - top) / small_height
    # Pixel centres: index i of the small picture is at (i + 0.5) step - 0.5 of the part.
    scale = np.array([1 / step_x, 1 / step_y])
    offset = (0.5 - np.array([left, top])) * scale - 0.5
    return small.astype(np.uint8, copy=False), np.column_stack(
        [matrix[:, :2] * scale[:, None], matrix[:, 2] * scale + offset]
    )
