"""Light and colour of a head's skin in its footage: spherical harmonics, exposure and the code of its albedo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from .arrays import Array

LIGHT_TERMS: Final = 9
LIGHT_AXES: Final = "camera: x right, y down, z forward; 1, x, y, z, xy, xz, yz, x²-y², 3z²-1 of the normal; linear RGB"
"""What the nine rows of a light stand for, in words for files."""
BUILT_IN_SPACE, FLAME_TEXTURE, BFM = "own", "flame-texture", "bfm"
ALBEDO_SPACES: Final = (BUILT_IN_SPACE, FLAME_TEXTURE, BFM)
"""Our own space, FLAME_texture.npz and FLAME_albedo_from_BFM.npz: codes of one mean nothing in another."""


@dataclass(frozen=True)
class Shading:
    """Light and albedo of a head over T frames, linear sRGB.

    What a frame shows of a point is albedo x gain x light, the mean brightness of the light on the face being 1.

    Attributes:
        light: Spherical harmonics without factors, see `LIGHT_AXES` (T, 9, 3) float32; all rows are equal where one
            light serves the clip.
        gain: Exposure times white balance of each frame (T, 3) float32, around 1.
        albedo: Code (K,) float32 in the space.
        space: One of `ALBEDO_SPACES`.
    """

    light: Array
    gain: Array
    albedo: Array
    space: str

    def at(self, frame: int) -> Array:
        """Return light times gain of a frame (9, 3): times `light_terms` it is what albedo is multiplied by."""
        return (self.light[frame] * self.gain[frame]).astype(np.float64)


def light_terms(normals: Array) -> Array:
    """Return the harmonics (..., 9) of unit normals (..., 3), without factors."""
    x, y, z = normals[..., 0], normals[..., 1], normals[..., 2]
    return np.stack([np.ones_like(x), x, y, z, x * y, x * z, y * z, x * x - y * y, 3 * z * z - 1], axis=-1)
