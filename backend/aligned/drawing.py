"""The head as it is lit, drawn into a square picture."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract.camera import Intrinsics
from ..head.model import Floats
from ..render.rasterizer import magnified
from ..render.rasterizer_numba import NumbaRasterizer
from ..render.shading import facing_camera, vertex_normals
from .light import Lit, shaded

Array = NDArray[Any]
Picture = NDArray[np.uint8]

OPACITY: Final = 0.5
"""Of the head over the picture, as the research tracker has it."""
_SAMPLES: Final = 2


def lit_head(
    intrinsics: Intrinsics, vertices: Floats, faces: Array, rotation: Floats, translation: Floats, lit: Lit
) -> tuple[Floats, Floats]:
    """Return the head's colours (H, W, 3) in 0..1 and how much of each pixel it covers (H, W)."""
    in_camera = vertices @ rotation.T + translation
    triangles = facing_camera(in_camera, faces)
    raster = NumbaRasterizer(threads=1).rasterize(in_camera, triangles, magnified(intrinsics, _SAMPLES))
    colours = np.clip(shaded(lit, vertex_normals(vertices, faces)), 0, 1)
    fine = raster.interpolate(colours, triangles).astype(np.float32)
    size = (intrinsics.width, intrinsics.height)
    cover = cv2.resize((raster.ids >= 0).astype(np.float32), size, interpolation=cv2.INTER_AREA)
    colour = cv2.resize(fine, size, interpolation=cv2.INTER_AREA) / np.maximum(cover, 1e-6)[..., None]
    return np.asarray(colour, dtype=np.float64), np.asarray(cover, dtype=np.float64)


def over(picture: Picture, colour: Floats, cover: Floats, opacity: float = OPACITY) -> Picture:
    """Return the head blended over a picture of the same size."""
    share = (cover * opacity)[..., None]
    return np.rint(picture * (1 - share) + 255 * colour * share).astype(np.uint8)


def alone(colour: Floats, cover: Floats) -> Picture:
    """Return the head on white."""
    return np.rint(255 * (1 - cover[..., None] + colour * cover[..., None])).astype(np.uint8)
