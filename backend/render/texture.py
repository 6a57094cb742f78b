"""Textures: from a photograph to the head's UV, and from what was seen to what was not.

Colours are linear light, float32, unless said otherwise. Texture row 0 is at v = 1.
"""

from __future__ import annotations

import cv2
import numpy as np
import scipy.sparse
import scipy.sparse.linalg
from numpy.typing import NDArray
from scipy.spatial import KDTree

from ..contract.arrays import Array
from ..contract.camera import Intrinsics, project
from ..head.geometry import edges_of
from ..raster.normals import vertex_normals
from ..raster.rasterizer import Raster, Rasterizer
from ..raster.rasterizer_numba import NumbaRasterizer
from ..raster.visibility import PHOTOGRAPH, visibility
from ..system.pictures import srgb_code, srgb_light


def linear_from_srgb(image: Array) -> NDArray[np.float32]:
    """Return linear light 0..1 of an 8-bit sRGB image (IEC 61966-2-1)."""
    return srgb_light(np.arange(256) / 255.0).astype(np.float32)[image]


_STEPS = 4095


def srgb_from_linear(image: Array) -> NDArray[np.uint8]:
    """Return 8-bit sRGB of linear light; what is beyond 0..1 is clipped."""
    return _SRGB[(np.clip(image, 0, 1) * _STEPS + 0.5).astype(np.uint16)]


def _srgb_table() -> NDArray[np.uint8]:
    return np.rint(srgb_code(np.arange(_STEPS + 1) / _STEPS) * 255).astype(np.uint8)


_SRGB = _srgb_table()


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


def mirror_vertices(template: Array) -> NDArray[np.int64]:
    """Return for each vertex (V, 3) the one nearest to its mirror image in x."""
    return np.asarray(KDTree(template).query(template * (-1, 1, 1))[1], dtype=np.int64)


def spread_over_mesh(values: Array, weights: Array, vertices: Array, faces: Array, stiffness: float = 0.02) -> Array:
    """Return values (V, C) that keep to the given ones by weight and are smooth on the surface elsewhere.

    Minimises sum w |x - value|^2 + stiffness sum over edges |x_i - x_j|^2; a component without any weight becomes 0.
    """
    count = len(vertices)
    edges = edges_of(faces)
    i, j = edges[:, 0], edges[:, 1]
    ones = np.full(len(edges), stiffness)
    graph = scipy.sparse.coo_matrix((ones, (i, j)), shape=(count, count))
    graph = graph + graph.T
    matrix = scipy.sparse.diags(np.asarray(graph.sum(axis=1)).ravel() + weights + 1e-9) - graph
    solve = scipy.sparse.linalg.factorized(matrix.tocsc())
    return np.stack([solve(weights * values[:, channel]) for channel in range(values.shape[1])], axis=1)


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
