"""Draws the tracked head and its landmarks over the footage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Array, Picture
from ..contract.camera import Intrinsics, Window, project
from ..head.albedo.albedo_space import IRIS_ANGLE, PUPIL_ANGLE
from ..raster.normals import facing_camera, vertex_normals
from ..raster.rasterizer import NEAR, Rasterizer
from ..raster.rasterizer_numba import NumbaRasterizer
from ..system.compiled import compiled
from .studio_light import studio_light

CLAY = (0.66, 0.75, 0.84)
LIPS = (0.78, 0.55, 0.58)
MOUTH, TONGUE, TEETH = (0.16, 0.07, 0.08), (0.42, 0.20, 0.22), (0.80, 0.78, 0.72)
SCLERA = (0.97, 0.97, 0.95)
IRIS = (0.16, 0.42, 0.62)
PUPIL = (0.03, 0.03, 0.04)


@dataclass(frozen=True)
class HeadLook:
    """Colour and opacity of each vertex.

    Attributes:
        colour: (V, 3) in 0..1.
        opacity: (V,) factor on the opacity of the whole head.
    """

    colour: NDArray[np.float32]
    opacity: NDArray[np.float32]


def head_look(neutral: Array, regions: Mapping[str, Array]) -> HeadLook:
    """Return the colours of a head: clay, redder lips, a dark mouth, white eyeballs with iris and pupil.

    Args:
        neutral: Vertices (V, 3) of the neutral head looking ahead, metres, FLAME axes.
        regions: Region name -> vertex indices; absent regions keep the colour of clay.
    """
    colour = np.tile(np.array(CLAY, dtype=np.float32), (len(neutral), 1))
    opacity = np.ones(len(neutral), dtype=np.float32)
    for name, paint in (("lips", LIPS), ("mouth_inside", MOUTH), ("tongue", TONGUE), ("teeth", TEETH)):
        if name in regions:
            colour[np.asarray(regions[name])] = paint
    for name in ("left_eyeball", "right_eyeball"):
        if name not in regions:
            continue
        ball = np.asarray(regions[name])
        centre = (neutral[ball].max(axis=0) + neutral[ball].min(axis=0)) / 2
        outwards = neutral[ball] - centre
        angle = np.degrees(np.arctan2(np.hypot(outwards[:, 0], outwards[:, 1]), outwards[:, 2]))
        colour[ball] = SCLERA
        colour[ball[angle < IRIS_ANGLE]] = IRIS
        colour[ball[angle < PUPIL_ANGLE]] = PUPIL
        opacity[ball] = 1.25
    return HeadLook(colour, opacity)


@compiled
def _blend(image, left, top, samples, ids, barycentrics, faces, colours, opacities, heights, wireframe, first, last):
    """Blend rows [first, last) of the rasterised window into the image, averaging samples x samples per pixel.

    `heights` (F, 3) are the heights of each triangle on the screen: barycentric x height = distance to the edge.
    """
    share = 1.0 / (samples * samples)
    for row in range(first, last):
        for column in range(ids.shape[1] // samples):
            red, green, blue, cover = 0.0, 0.0, 0.0, 0.0
            for y in range(row * samples, (row + 1) * samples):
                for x in range(column * samples, (column + 1) * samples):
                    index = ids[y, x]
                    if index < 0:
                        continue
                    i, j, k = faces[index, 0], faces[index, 1], faces[index, 2]
                    u, v, w = barycentrics[y, x, 0], barycentrics[y, x, 1], barycentrics[y, x, 2]
                    alpha = (u * opacities[i] + v * opacities[j] + w * opacities[k]) * share
                    shade = 1.0
                    if wireframe > 0:
                        line = min(u * heights[index, 0], v * heights[index, 1], w * heights[index, 2])
                        shade = 1.0 - wireframe * max(0.0, 1.0 - line / samples)
                    red += alpha * shade * (u * colours[i, 0] + v * colours[j, 0] + w * colours[k, 0])
                    green += alpha * shade * (u * colours[i, 1] + v * colours[j, 1] + w * colours[k, 1])
                    blue += alpha * shade * (u * colours[i, 2] + v * colours[j, 2] + w * colours[k, 2])
                    cover += alpha
            if cover > 0:
                y, x = top + row, left + column
                image[y, x, 0] = int(min(255.0, image[y, x, 0] * (1 - cover) + 255 * red + 0.5))
                image[y, x, 1] = int(min(255.0, image[y, x, 1] * (1 - cover) + 255 * green + 0.5))
                image[y, x, 2] = int(min(255.0, image[y, x, 2] * (1 - cover) + 255 * blue + 0.5))


def draw_head(
    image: Picture,
    vertices: Array,
    faces: Array,
    intrinsics: Intrinsics,
    look: HeadLook | None = None,
    *,
    opacity: float = 0.62,
    wireframe: float = 0.15,
    samples: int = 2,
    rasterizer: Rasterizer | None = None,
) -> Picture:
    """Return the image with the head drawn over it, shaded and half-transparent.

    Args:
        image: (H, W, 3) uint8 RGB; not changed.
        vertices: (V, 3) in camera axes, metres.
        faces: (F, 3).
        intrinsics: Camera of this image (scale it with the image).
        look: Colours per vertex, see `head_look`; all clay where None.
        opacity: 0..1.
        wireframe: Darkness of the edges, 0 none, 1 black.
        samples: Samples per pixel and direction, against jagged outlines.
        rasterizer: Whose; the built-in one where None.
    """
    result = np.array(image, dtype=np.uint8, order="C")
    window = _window(vertices, intrinsics)
    if window is None:
        return result
    camera = intrinsics.cropped(*window).scaled(samples)
    normals = vertex_normals(vertices, faces)
    triangles = facing_camera(vertices, faces)
    raster = (rasterizer or _RASTERIZER).rasterize(vertices, triangles, camera)
    if look is None:
        look = HeadLook(np.tile(np.array(CLAY, np.float32), (len(vertices), 1)), np.ones(len(vertices), np.float32))
    diffuse, highlight = studio_light(vertices, normals)
    colours = (look.colour * diffuse[:, None] + highlight[:, None]).astype(np.float32)
    opacities = np.clip(look.opacity * opacity, 0, 1).astype(np.float32)
    heights = _screen_heights(vertices, triangles, camera) if wireframe > 0 else np.zeros((1, 3), np.float32)
    seen = (raster.ids, raster.barycentrics, triangles)

    def band(first: int, last: int) -> None:
        _blend(result, window.left, window.top, samples, *seen, colours, opacities, heights, wireframe, first, last)

    _RASTERIZER.in_bands(band, [0, window.height // 2, window.height])
    return result


_RASTERIZER = NumbaRasterizer(reuse=True)


def _window(vertices: Array, intrinsics: Intrinsics) -> Window | None:
    """Return the part of the picture that the mesh can touch, or None."""
    depth = vertices[:, 2]
    if not np.isfinite(vertices).all() or depth.max() <= NEAR:
        return None
    if depth.min() <= NEAR:
        return Window(0, 0, intrinsics.width, intrinsics.height)
    return intrinsics.window_around(project(vertices, intrinsics), margin=1)


def _screen_heights(vertices: Array, faces: Array, intrinsics: Intrinsics) -> Array:
    """Return the three heights of every triangle in pixels (F, 3), opposite each corner's edge."""
    corners = project(vertices, intrinsics, nearest=NEAR)[faces]
    edges = corners[:, (2, 0, 1)] - corners[:, (1, 2, 0)]
    area = np.abs(edges[:, 0, 0] * edges[:, 1, 1] - edges[:, 0, 1] * edges[:, 1, 0])
    return (area[:, None] / np.maximum(np.linalg.norm(edges, axis=2), 1e-6)).astype(np.float32)


@compiled
def _draw_discs(image, points, colours, opacities, radius):
    """Blend discs with soft edges of one pixel at sub-pixel places into the image."""
    reach = radius + 1.0
    for index in range(points.shape[0]):
        u, v = points[index, 0], points[index, 1]
        if not (-reach <= u <= image.shape[1] - 1 + reach and -reach <= v <= image.shape[0] - 1 + reach):
            continue
        for y in range(max(0, int(np.ceil(v - reach))), min(image.shape[0] - 1, int(np.floor(v + reach))) + 1):
            for x in range(max(0, int(np.ceil(u - reach))), min(image.shape[1] - 1, int(np.floor(u + reach))) + 1):
                cover = min(1.0, max(0.0, radius + 0.5 - np.hypot(x - u, y - v))) * opacities[index]
                for channel in range(3):
                    value = image[y, x, channel] * (1 - cover) + 255 * colours[index, channel] * cover
                    image[y, x, channel] = int(value + 0.5)


SEEN = (0.25, 1.0, 0.45)
HIDDEN = (1.0, 0.35, 0.2)
IRIS_POINT = (0.2, 0.85, 1.0)
FIRST_IRIS = 468


def draw_landmarks(image: Picture, points: Array, visibility: Array | None = None, *, radius: float = 0.9) -> Picture:
    """Return the image with the landmarks as dots: green where seen, red and faint where hidden, irises blue.

    Args:
        image: (H, W, 3) uint8 RGB; not changed.
        points: (N, 2) full-frame pixels; NaN is left out.
        visibility: (N,) 0..1; all seen where None.
        radius: Of a dot, pixels.
    """
    result = np.array(image, dtype=np.uint8, order="C")
    seen = np.ones(len(points)) if visibility is None else np.clip(np.asarray(visibility, dtype=np.float64), 0, 1)
    seen = np.where(np.isfinite(seen), seen, 0.0)
    colours = np.array(HIDDEN) + seen[:, None] * (np.array(SEEN) - np.array(HIDDEN))
    colours[FIRST_IRIS:] = IRIS_POINT
    places = np.where(np.isfinite(points[:, :2]), points[:, :2], -1e6).astype(np.float64)
    _draw_discs(result, places, colours, 0.3 + 0.6 * seen, radius)
    return result
