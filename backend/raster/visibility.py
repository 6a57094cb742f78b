"""Visibility of points on a rasterised head: they face the camera, nothing is before them, no outline beside them.

Depth is drawn in pixels, so a point lies a little before or behind the depth of its pixel. How much depends on the size
of a pixel on the head and on the steepest surface that still counts: a head of 160 pixels has pixels of 1 mm, and where
the cosine between normal and view is 0.2 the depth changes by 1 / tan(11.5 degrees) = 4.9 mm from one to the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from ..contract.arrays import Array, Mask, Singles
from .rasterizer import NEAR

FAR: Final = 1e3
"""Depth in metres of pixels that show nothing."""


@dataclass(frozen=True)
class VisibilityLimits:
    """Limits from which on a point counts as visible.

    Attributes:
        behind: Metres by which it may lie behind the nearest surface.
        hidden: Cosine between normal and view up to which it counts as hidden ...
        clear: ... and from which on as wholly visible; between them visibility rises evenly.
        around: Pixels across, odd, of which the nearest surface is taken.
        beside: Pixels across, odd, among which there must be no outline; 0 where outlines do not matter.
        step: Metres by which a surface beside a point that lies deeper makes an outline.
        border: Pixels along the picture's edges in which nothing counts.
    """

    behind: float
    hidden: float
    clear: float
    around: int = 3
    beside: int = 0
    step: float = 0.03
    border: int = 0


SKIN_COLOUR: Final = VisibilityLimits(behind=0.008, hidden=0.2, clear=0.6, beside=5)
"""Colours for light and albedo: heads of at most 160 pixels, 7 mm from a pixel to its diagonal neighbour."""
FINE_STRUCTURE: Final = VisibilityLimits(behind=0.006, hidden=0.25, clear=0.6, beside=7, border=3)
"""Fine structure of brightness: faces of at most 220 pixels, 4 mm; its narrower Gaussian reaches 3 pixels."""
POINT_TRACK: Final = VisibilityLimits(behind=0.006, hidden=0.35, clear=0.35, beside=9, border=8)
"""Patches of 15 samples around a point: none may reach over the picture's edge, or far over an outline; of steeper
ones too little is seen to align them, so that they are followed or not, without anything between."""
SKIN_PICTURE: Final = VisibilityLimits(behind=0.004, hidden=0.3, clear=0.6, around=1)
"""What a picture shows of the unrolled skin: heads of 120 pixels, 3 mm to the edge of a pixel. Pixels beside the skin
are given depth 0, behind which everything is hidden."""
TEXTURE: Final = VisibilityLimits(behind=0.003, hidden=0.2, clear=1.0)
"""Texels: full pictures, in which a pixel is a fraction of a millimetre and an outline, which is looked for within a
share of the head's width, paints the background onto the head."""
PICTURE_LIGHT: Final = VisibilityLimits(behind=0.004, hidden=0.25, clear=0.6, around=1)
"""Light of one square picture, by vertices: a robust fit does without those that show something else."""
HAIR: Final = VisibilityLimits(behind=0.003, hidden=0.0, clear=1.0, around=1)
"""Places over the scalp in full pictures, as texels; hair is seen best where it turns away from the camera."""
PHOTOGRAPH: Final = VisibilityLimits(behind=0.003, hidden=0.15, clear=0.6, around=1)
"""Texels in one photograph, whose grazing parts no other picture shows better."""


def view_cosines(points: Array, normals: Array) -> Array:
    """Return the cosine between the normal of points and the way to the camera (...).

    Args:
        points: In camera axes (..., 3).
        normals: At the points (..., 3), of any length.
    """
    length = np.linalg.norm(normals, axis=-1) * np.linalg.norm(points, axis=-1)
    return -(normals * points).sum(axis=-1) / np.maximum(length, 1e-12)


def facing(cosines: Array, limits: VisibilityLimits) -> Array:
    """Return how well points are visible by the angle at which they are seen (...), 0..1."""
    return np.clip((cosines - limits.hidden) / (limits.clear - limits.hidden), 0, 1)


def depth_bounds(depth: Array, around: int, beside: int) -> tuple[Singles, Singles]:
    """Return the least depth within `around` pixels across and the greatest within `beside` of every pixel (H, W)."""
    known = np.where(np.isfinite(depth), depth, np.float32(FAR)).astype(np.float32)
    nearest = cv2.erode(known, np.ones((around, around), np.uint8)) if around > 1 else known
    furthest = cv2.dilate(known, np.ones((beside, beside), np.uint8)) if beside > 1 else known
    return np.asarray(nearest, dtype=np.float32), np.asarray(furthest, dtype=np.float32)


def is_unobstructed(points: Array, pixels: Array, depth: Array, limits: VisibilityLimits) -> Mask:
    """Return which points have nothing before them and no outline beside them (...).

    Args:
        points: In camera axes (..., 3), metres.
        pixels: Where they fall (..., 2).
        depth: Of the rasterised head (H, W), metres; infinite where there is none.
        limits: From where on they count.
    """
    nearest, furthest = depth_bounds(depth, limits.around, limits.beside)
    height, width = depth.shape
    column, row = np.moveaxis(np.rint(pixels).astype(int), -1, 0)
    edge = limits.border
    inside = (column >= edge) & (row >= edge) & (column < width - edge) & (row < height - edge)
    inside &= points[..., 2] > NEAR
    column, row = np.where(inside, column, 0), np.where(inside, row, 0)
    visible = inside & (points[..., 2] < nearest[row, column] + limits.behind)
    if limits.beside:
        visible &= furthest[row, column] < points[..., 2] + limits.step
    return visible


def visibility(points: Array, normals: Array, pixels: Array, depth: Array, limits: VisibilityLimits) -> Array:
    """Return how well points are visible (...), 0..1; see `is_unobstructed` for the arguments."""
    unobstructed = is_unobstructed(points, pixels, depth, limits)
    return unobstructed * facing(view_cosines(points, normals), limits)
