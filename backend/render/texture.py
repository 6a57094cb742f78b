"""Texels of a head: where each lies on the mesh, its colour in a photograph, and borders around the islands.

Colours are linear light, float32, unless said otherwise. Texture row 0 is at v = 1.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Array
from ..contract.camera import Intrinsics, project
from ..raster.normals import vertex_normals
from ..raster.rasterizer import Raster, Rasterizer
from ..raster.rasterizer_numba import NumbaRasterizer
from ..raster.visibility import PHOTOGRAPH, visibility


def texels(uv: Array, uv_faces: Array, size: int) -> Raster:
    """Return which triangle each texel of a size x size texture shows, and where in it (depth means nothing)."""
    places = np.column_stack([uv[:, 0] * size - 0.5, (1 - uv[:, 1]) * size - 0.5, np.ones(len(uv))])
    return NumbaRasterizer().rasterize(places, uv_faces, Intrinsics(size, size, 1.0, 1.0, 0.0, 0.0))


def project_photograph(
    photograph: Array,
    vertices: Array,
    faces: Array,
    layout: Raster,
    intrinsics: Intrinsics,
    *,
    seen_vertices: Array | None = None,
    rasterizer: Rasterizer | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the colour of each texel in a photograph (S, S, 3) and how well it is seen (S, S), 0..1.

    Args:
        photograph: Linear (H, W, 3).
        vertices: Of the head in camera axes (V, 3), metres.
        faces: (F, 3).
        layout: From `texels`.
        intrinsics: Camera of the photograph.
        seen_vertices: Where to look for each vertex instead of at itself (V, 3), e.g. at its mirror image; `vertices`
            where None.
        rasterizer: Whose; the built-in one where None.
    """
    shown = vertices if seen_vertices is None else seen_vertices
    points = layout.interpolate(shown, faces)
    normals = layout.interpolate(vertex_normals(shown, faces) * _orientation(vertices, shown, faces), faces)
    pixels: Array = project(points, intrinsics, nearest=1e-3).astype(np.float32)
    colour = cv2.remap(photograph, pixels[..., 0], pixels[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    raster = (rasterizer or NumbaRasterizer()).rasterize(vertices, faces, intrinsics)
    depth = np.where(np.isfinite(raster.depth), raster.depth, 0).astype(np.float32)
    weight = (layout.ids >= 0) * visibility(points, normals, pixels, depth, PHOTOGRAPH)
    return np.asarray(colour, dtype=np.float32), weight.astype(np.float32)


def _orientation(vertices: Array, shown: Array, faces: Array) -> float:
    """Return -1 where looking at the mirror image turned the triangles inside out, else 1."""
    one, other = _volume(vertices, faces), _volume(shown, faces)
    return 1.0 if one * other > 0 else -1.0


def _volume(vertices: Array, faces: Array) -> float:
    corners = (vertices - vertices.mean(axis=0))[faces]
    return float(np.einsum("fc,fc->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])))


def grow_borders(texture: Array, layout: Raster, pixels: int = 6) -> Array:
    """Return the texture with the edges of its islands grown outwards, so that filtering never reaches empty texels."""
    result, known = texture.copy(), layout.ids >= 0
    kernel = np.ones((3, 3), dtype=np.float32)
    for _ in range(pixels):
        count = cv2.filter2D(known.astype(np.float32), -1, kernel, borderType=cv2.BORDER_CONSTANT)
        total = cv2.filter2D(result * known[..., None].astype(np.float32), -1, kernel, borderType=cv2.BORDER_CONSTANT)
        fresh = ~known & (count > 0)
        result[fresh] = total[fresh] / count[fresh][:, None]
        known = known | fresh
    return result
