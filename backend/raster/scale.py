"""Smaller pictures of the footage, and what becomes of its pixels and its camera in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Picture
from ..contract.camera import Intrinsics


@dataclass(frozen=True)
class Scale:
    """A smaller picture of the footage: size in pixels, and how it was made from the full one."""

    width: int
    height: int
    full_width: int
    full_height: int

    def points(self, points: NDArray[Any]) -> NDArray[Any]:
        """Full-frame pixels -> pixels of this picture (centres of pixels at whole numbers in both)."""
        factor = np.array([self.width / self.full_width, self.height / self.full_height])
        return (points + 0.5) * factor - 0.5

    def intrinsics(self, full: Intrinsics) -> Intrinsics:
        """The camera of this picture."""
        return full.resized(self.width, self.height)

    def picture(self, full: Picture) -> Picture:
        """Scale a picture."""
        if (self.width, self.height) == (full.shape[1], full.shape[0]):
            return full
        return np.asarray(cv2.resize(full, (self.width, self.height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def even_scale(width: int, height: int, largest_height: int) -> Scale:
    """Return the scale to at most this height, with even sides, which yuv420p needs; never enlarged."""
    factor = min(1.0, largest_height / height)
    return Scale(_even(width * factor), _even(height * factor), width, height)


def _even(length: float) -> int:
    return max(2, 2 * round(length / 2))
