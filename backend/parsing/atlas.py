"""Skin of a head, unrolled around its vertical axis: a small picture in which every point of it has its texel.

Every head has one, with or without texture coordinates, and it has no seam but at the back of the head.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Array, Mask
from ..contract.camera import Intrinsics
from ..raster.normals import vertex_normals
from ..raster.rasterizer import Raster
from ..raster.rasterizer_numba import NumbaRasterizer

TEXEL: Final = 0.0025
"""Metres across a texel, where the head is as wide as its mean."""
_NOT_SKIN: Final = ("eyeball", "mouth_inside", "teeth", "tongue", "iris")
"""Parts of the names of regions that move by themselves or lie in the dark."""
_PATTERNED: Final = ("lips", "eyebrow", "eyelid")
"""Parts of the names of regions with colours of their own."""


@dataclass(frozen=True)
class Atlas:
    """A head unrolled, (H, W) texels.

    Attributes:
        faces: All triangles (F, 3) int32.
        skin: Which vertices are skin (V,), else eyeballs and what lies behind the lips.
        texel: Texel of every vertex, across and down (V, 2).
        raster: Triangle of every texel, with the weights of its corners.
        normals: Of the head at rest, head axes (H, W, 3).
        trusted: Texels that are bare on nearly everybody: nose and cheeks (H, W).
        patterned: Texels of lips, brows and lids (H, W).
    """

    faces: NDArray[np.int32]
    skin: Mask
    texel: Array
    raster: Raster
    normals: Array
    trusted: Mask
    patterned: Mask

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.raster.ids.shape[0], self.raster.ids.shape[1]


def make_atlas(neutral: Array, faces: Array, regions: Mapping[str, Array]) -> Atlas:
    """Return the atlas of a head.

    Args:
        neutral: Vertices at rest (V, 3), head axes, metres.
        faces: Triangles (F, 3).
        regions: Name -> vertex indices, named as in FLAME_masks.pkl; those that are absent are done without.
    """
    triangles = np.ascontiguousarray(faces, dtype=np.int32)
    other = _vertices(len(neutral), regions, _NOT_SKIN)
    texel, radius = _unrolled(neutral)
    across = texel[triangles, 0]
    joined = np.ptp(across, axis=1) < 0.5 * texel[:, 0].max()
    raster = _outermost(texel, radius, triangles, ~other[triangles].any(axis=1) & joined)
    normals = raster.interpolate(vertex_normals(neutral, triangles), triangles)

    def texels(vertices: Mask) -> Mask:
        return (raster.ids >= 0) & vertices[triangles].all(axis=1)[raster.ids]

    trusted = texels(_bare(neutral, regions))
    patterned = texels(_vertices(len(neutral), regions, _PATTERNED))
    return Atlas(triangles, ~other, texel, raster, normals, trusted & ~patterned, patterned)


def _vertices(count: int, regions: Mapping[str, Array], words: Iterable[str]) -> Mask:
    chosen = np.zeros(count, dtype=bool)
    for name, indices in regions.items():
        if any(word in name for word in words):
            chosen[indices] = True
    return chosen


def _bare(neutral: Array, regions: Mapping[str, Array]) -> Mask:
    """Nose, and cheeks between eyes and mouth; the whole face where the regions do not tell."""
    count = len(neutral)
    face = _vertices(count, regions, ("face",))
    face = face if face.any() else np.ones(count, dtype=bool)
    eyes, lips = _vertices(count, regions, ("eye_region",)), _vertices(count, regions, ("lips",))
    if not eyes.any() or not lips.any():
        return face
    between = (neutral[:, 1] > neutral[lips, 1].max()) & (neutral[:, 1] < neutral[eyes, 1].min())
    nose = _vertices(count, regions, ("nose",))
    return face & (between | nose)


def _unrolled(neutral: Array) -> tuple[Array, Array]:
    """Position of each vertex in texels (V, 2) and its distance from the axis (V,)."""
    middle = np.array([0.0, (neutral[:, 2].min() + neutral[:, 2].max()) / 2])
    x, z = neutral[:, 0] - middle[0], neutral[:, 2] - middle[1]
    radius = np.hypot(x, z)
    around = np.arctan2(x, z) / (2 * np.pi) + 0.5  # the face looks along +z: it lies in the middle
    width = 2 * np.pi * float(np.median(radius)) / TEXEL
    down = (neutral[:, 1].max() - neutral[:, 1]) / TEXEL
    return np.column_stack([around * width, down]), radius


def _outermost(texel: Array, radius: Array, triangles: Array, which: Mask) -> Raster:
    """The triangle that lies outermost at each texel: seen from far outside the axis."""
    depth = 2.0 - radius
    corners = np.column_stack([texel * depth[:, None], depth])
    width, height = (int(np.ceil(extent)) + 1 for extent in texel.max(axis=0))
    chosen = np.flatnonzero(which)
    camera = Intrinsics(width, height, 1.0, 1.0, 0.0, 0.0)
    found = NumbaRasterizer(threads=1).rasterize(corners, triangles[chosen], camera)
    return Raster(np.where(found.ids >= 0, chosen[found.ids], -1).astype(np.int32), found.barycentrics, found.depth)
