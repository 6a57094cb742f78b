"""Texture of a head from the frames of a clip: every texel's colour is the mean over the frames that show it well.

Colours are linear light, float32. Texture row 0 is at v = 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Array, Singles
from ..contract.camera import Intrinsics
from ..lighting.plausible_light import believed_light
from ..raster.normals import vertex_normals
from ..raster.rasterizer import Raster
from ..raster.rasterizer_numba import NumbaRasterizer
from ..raster.visibility import TEXTURE, depth_bounds
from ..system.compiled import compiled

OUTLINE: Final = 0.02
"""Of the head's width, within which a step of depth is an outline: what lies there is background as often as head."""
SHARPNESS: Final = 4.0
"""Power of the cosine between normal and view in a frame's weight: the frame that a place faces most decides, as means
of many look soft."""
ANYTHING, RATHER_SKIN, SKIN_ALONE = 0, 1, 2
"""What a triangle may show: anything; whatever is there, but rather what surely is skin (brows, lids and lips look
unlike skin); skin, or else it counts as unseen."""
UNKNOWN, SKIN, EYE, MOUTH, TEETH = -1, 0, 1, 2, 3
"""What a pixel shows and what a triangle is: these must be the same, but where it is unknown what the pixel shows."""


@dataclass(frozen=True)
class TexelLayout:
    """Position of each texel of a texture on the head.

    Attributes:
        raster: Triangle and weights of its corners, see `texture.texels`.
        faces: Vertices of the triangles (F, 3) int32.
        layer: What each triangle is (F,): `SKIN`, `EYE`, `MOUTH` or `TEETH`, see `openings`; all skin where None.
        shows: What each triangle may show (F,): `ANYTHING`, `RATHER_SKIN` or `SKIN_ALONE`; skin alone where None.
    """

    raster: Raster
    faces: NDArray[np.int32]
    layer: NDArray[np.int8] | None = None
    shows: NDArray[np.int8] | None = None


@dataclass(frozen=True)
class FramePicture:
    """A frame of which the colours are taken, or the part of it around the head.

    Attributes:
        picture: Linear (H, W, 3).
        skin: How surely each pixel shows bare skin (H, W).
        weight: How much each pixel counts anywhere (H, W).
        layer: What each pixel shows (H, W), see `openings`; unknown where None.
        camera: Of the picture.
        vertices: Of the head in camera axes (V, 3), metres.
        light: Spherical harmonics times the frame's gain (9, 3); is divided out.
        trust: Weight of the frame.
    """

    picture: Singles
    skin: Singles
    weight: Singles
    camera: Intrinsics
    vertices: Array
    light: Array
    trust: float
    layer: NDArray[np.int8] | None = None


@dataclass
class Bake:
    """Sums over frames.

    Attributes:
        colour: Weighted sum of the colours without light (S, S, 3).
        weight: Sum of the weights (S, S).
        best: Largest single weight (S, S), 0..1.
    """

    colour: Singles
    weight: Singles
    best: Singles

    @staticmethod
    def empty(size: int) -> Bake:
        """Return sums of nothing."""
        shape = (size, size)
        return Bake(np.zeros((*shape, 3), np.float32), np.zeros(shape, np.float32), np.zeros(shape, np.float32))

    def mean(self) -> Singles:
        """Return the colours (S, S, 3); 0 where nothing was seen."""
        return self.colour / np.maximum(self.weight, np.float32(1e-9))[..., None]


class _Texels(NamedTuple):
    """A layout as the kernel reads it."""

    ids: NDArray[np.int32]
    barycentrics: Singles
    faces: NDArray[np.int32]
    layer: NDArray[np.int8]
    shows: NDArray[np.int8]


class _Mesh(NamedTuple):
    """Positions, normals and the light on them, per vertex (V, 3): smooth enough, and fewer than there are texels."""

    points: Array
    normals: Array
    light: Array


class _Pixels(NamedTuple):
    """A picture as the kernel reads it; `lens` is focal length and principal point across and down (4,)."""

    picture: Singles
    skin: Singles
    weight: Singles
    layer: NDArray[np.int8]
    nearest: Singles
    furthest: Singles
    lens: Array


class _Limits(NamedTuple):
    """Those of `visibility.TEXTURE`."""

    behind: float
    step: float
    hidden: float


class _Sums(NamedTuple):
    """Those of a bake."""

    colour: Singles
    weight: Singles
    best: Singles


def add_frame(bake: Bake, layout: TexelLayout, frame: FramePicture) -> None:
    """Add what a frame shows to the sums of a bake."""
    points = np.ascontiguousarray(frame.vertices, dtype=np.float64)
    normals = vertex_normals(points, layout.faces)
    camera = frame.camera
    lens = np.array([camera.focal_x, camera.focal_y, camera.centre_x, camera.centre_y])
    depth = NumbaRasterizer(threads=1).rasterize(points, layout.faces, camera).depth
    layer = np.full(depth.shape, UNKNOWN, np.int8) if frame.layer is None else frame.layer
    picture, skin, weight = (
        np.ascontiguousarray(each, dtype=np.float32) for each in (frame.picture, frame.skin, frame.weight)
    )
    nearest, furthest = depth_bounds(depth, TEXTURE.around, _outline_pixels(points, camera))
    _add(
        _Sums(bake.colour, bake.weight, bake.best),
        _texels(layout),
        _Mesh(points, normals, np.ascontiguousarray(believed_light(normals, frame.light), dtype=np.float64)),
        _Pixels(picture, skin, weight, layer, nearest, furthest, lens),
        _Limits(TEXTURE.behind, TEXTURE.step, TEXTURE.hidden),
        float(frame.trust),
    )


def _texels(layout: TexelLayout) -> _Texels:
    count = len(layout.faces)
    layer = np.full(count, SKIN, np.int8) if layout.layer is None else layout.layer
    shows = np.full(count, SKIN_ALONE, np.int8) if layout.shows is None else layout.shows
    return _Texels(layout.raster.ids, layout.raster.barycentrics, layout.faces, layer, shows)


def _outline_pixels(points: Array, camera: Intrinsics) -> int:
    """Return within how many pixels across a step of depth is an outline, odd."""
    across = camera.focal_x * float(np.ptp(points[:, 0])) / max(float(np.median(points[:, 2])), 0.01)
    return 2 * max(round(OUTLINE * across), 2) + 1


@compiled
def _add(sums, texels, mesh, pixels, limits, trust):
    """Add to every texel the colour of the pixel that shows it, without light, as much as it counts."""
    points, normals, light = mesh
    picture, lens = pixels.picture, pixels.lens
    height, width = picture.shape[0], picture.shape[1]
    for row in range(texels.ids.shape[0]):
        for column in range(texels.ids.shape[1]):
            index = texels.ids[row, column]
            if index < 0:
                continue
            px, py, pz, nx, ny, nz = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
            red, green, blue = 0.0, 0.0, 0.0
            for corner in range(3):
                v, share = texels.faces[index, corner], texels.barycentrics[row, column, corner]
                px += share * points[v, 0]
                py += share * points[v, 1]
                pz += share * points[v, 2]
                nx += share * normals[v, 0]
                ny += share * normals[v, 1]
                nz += share * normals[v, 2]
                red += share * light[v, 0]
                green += share * light[v, 1]
                blue += share * light[v, 2]
            if pz < 0.01:
                continue
            size = np.sqrt((px * px + py * py + pz * pz) * (nx * nx + ny * ny + nz * nz))
            cosine = -(px * nx + py * ny + pz * nz) / max(size, 1e-12)
            if cosine < limits.hidden:
                continue
            x, y = lens[0] * px / pz + lens[2], lens[1] * py / pz + lens[3]
            i, j = int(np.floor(x)), int(np.floor(y))
            if i < 0 or j < 0 or i >= width - 1 or j >= height - 1:
                continue
            shown = pixels.layer[int(np.floor(y + 0.5)), int(np.floor(x + 0.5))]
            other = shown != UNKNOWN and shown != texels.layer[index]
            if other or pz > pixels.nearest[j, i] + limits.behind or pixels.furthest[j, i] > pz + limits.step:
                continue
            a, b = x - i, y - j
            amount = trust * pixels.weight[j, i] * ((cosine - limits.hidden) / (1 - limits.hidden)) ** SHARPNESS
            best = amount / max(trust, 1e-9)
            if texels.shows[index] != ANYTHING:
                amount *= pixels.skin[j, i]
            if texels.shows[index] == SKIN_ALONE:
                best *= pixels.skin[j, i]
            for channel in range(3):
                upper = picture[j, i, channel] * (1 - a) + picture[j, i + 1, channel] * a
                lower = picture[j + 1, i, channel] * (1 - a) + picture[j + 1, i + 1, channel] * a
                shaded = red if channel == 0 else (green if channel == 1 else blue)
                sums.colour[row, column, channel] += amount * (upper * (1 - b) + lower * b) / shaded
            sums.weight[row, column] += amount
            sums.best[row, column] = max(sums.best[row, column], best)


def relit(texture: Singles, raster: Raster, layout_uv: Array, normals: Array, faces: Array, light: Array) -> Singles:
    """Return a textured picture (H, W, 3) of a rasterised head; 0 where there is none.

    Args:
        texture: (S, S, 3).
        raster: Of the head in the picture.
        layout_uv: Texture coordinates of the triangles' corners (F, 3, 2).
        normals: Per vertex (V, 3), camera axes.
        faces: (F, 3).
        light: Spherical harmonics times gain (9, 3).
    """
    covered = raster.ids >= 0
    uv = np.einsum("pk,pkc->pc", raster.barycentrics[covered], layout_uv[raster.ids[covered]])
    size = len(texture)
    x = np.clip(uv[:, 0] * size - 0.5, 0, size - 1.001)
    y = np.clip((1 - uv[:, 1]) * size - 0.5, 0, size - 1.001)
    i, j = x.astype(int), y.astype(int)
    a, b = (x - i)[:, None], (y - j)[:, None]
    upper = texture[j, i] * (1 - a) + texture[j, i + 1] * a
    lower = texture[j + 1, i] * (1 - a) + texture[j + 1, i + 1] * a
    # As in `add_frame`: per vertex.
    shade = raster.interpolate(believed_light(normals, light), faces)[covered]
    result = np.zeros((*raster.ids.shape, 3), dtype=np.float32)
    result[covered] = (upper * (1 - b) + lower * b) * shade
    return result
