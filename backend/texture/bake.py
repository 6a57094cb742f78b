"""From the frames of a clip to the texture of its head: every texel's colour, mean over the frames that show it well.

Colours are linear light, float32. Texture row 0 is at v = 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Array, Singles
from ..contract.camera import Intrinsics
from ..lighting.plausible_light import believed_light
from ..raster.normals import vertex_normals
from ..raster.rasterizer import Raster
from ..raster.rasterizer_numba import NumbaRasterizer
from ..system.compiled import compiled

BEHIND: Final = 0.003
"""Metres by which a point may lie behind the nearest surface and still count as seen."""
OUTLINE: Final = 0.02
"""Of the head's width, within which a step of depth by more than `STEP` metres is an outline: what lies there is
background as often as head."""
STEP: Final = 0.03
_FAR: Final = 1e3
FLAT: Final = 0.2
"""Cosine between normal and view below which a texel is not taken from a frame."""
SHARPNESS: Final = 4.0
"""Power of that cosine in a frame's weight: the frame that faces a place most decides, means of many look soft."""
ANYTHING, RATHER_SKIN, SKIN_ALONE = 0, 1, 2
"""What a triangle may show: anything; whatever is there, but rather what surely is skin (brows, lids and lips look
unlike skin); skin, or else it counts as unseen."""
UNTOLD, SKIN, EYE, MOUTH, TEETH = -1, 0, 1, 2, 3
"""What a pixel shows and what a triangle is: these must be the same, but where nobody told what the pixel shows."""


@dataclass(frozen=True)
class Layout:
    """Where each texel of a texture lies on the head.

    Attributes:
        raster: Triangle and weights of its corners, see `texture.texels`.
        faces: Vertices of the triangles (F, 3) int32.
        layer: What each triangle is (F,): `SKIN`, `EYE`, `MOUTH` or `TEETH`, see `openings`; all skin where None.
    """

    raster: Raster
    faces: NDArray[np.int32]
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


def add_frame(
    bake: Bake,
    layout: Layout,
    picture: Singles,
    sure: Singles,
    clear: Singles,
    care: NDArray[np.int8],
    vertices: Array,
    camera: Intrinsics,
    light: Array,
    trust: float,
    shown: NDArray[np.int8] | None = None,
) -> None:
    """Add what a frame shows.

    Args:
        bake: Sums to add to.
        layout: Of the texture.
        picture: Linear (H, W, 3).
        sure: How surely each pixel shows bare skin (H, W).
        clear: How much each pixel counts anywhere (H, W).
        care: How each triangle takes that (F,): `ANYTHING`, `RATHER_SKIN` or `SKIN_ALONE`.
        vertices: Of the head in camera axes (V, 3), metres.
        camera: Of the picture.
        light: Spherical harmonics times the frame's gain (9, 3); is divided out.
        trust: Weight of the frame.
        shown: What each pixel shows (H, W), see `openings`; nobody told where None.
    """
    points = np.ascontiguousarray(vertices, dtype=np.float64)
    normals = vertex_normals(points, layout.faces)
    depth = NumbaRasterizer(threads=1).rasterize(points, layout.faces, camera).depth
    there = np.where(np.isfinite(depth), depth, np.float32(_FAR)).astype(np.float32)
    outline = _outline_pixels(points, camera)
    nearest = cv2.erode(there, np.ones((3, 3), np.uint8))
    furthest = cv2.dilate(there, np.ones((outline, outline), np.uint8))
    # Per vertex: smooth enough, and thousands instead of a million.
    shade = believed_light(normals, light)
    lens = np.array([camera.focal_x, camera.focal_y, camera.centre_x, camera.centre_y])
    _add(
        bake.colour,
        bake.weight,
        bake.best,
        layout.raster.ids,
        layout.raster.barycentrics,
        layout.faces,
        np.ascontiguousarray(picture, dtype=np.float32),
        np.ascontiguousarray(sure, dtype=np.float32),
        np.ascontiguousarray(clear, dtype=np.float32),
        care,
        np.zeros(len(layout.faces), np.int8) if layout.layer is None else layout.layer,
        np.full(picture.shape[:2], UNTOLD, np.int8) if shown is None else shown,
        nearest,
        furthest,
        points,
        normals,
        np.ascontiguousarray(shade, dtype=np.float64),
        lens,
        float(trust),
    )


def _outline_pixels(points: Array, camera: Intrinsics) -> int:
    """Return within how many pixels across a step of depth is an outline, odd."""
    across = camera.focal_x * float(np.ptp(points[:, 0])) / max(float(np.median(points[:, 2])), 0.01)
    return 2 * max(round(OUTLINE * across), 2) + 1


@compiled
def _add(
    colour, weight, best, ids, barycentrics, faces, picture, sure, clear, care, layer, opening, nearest, furthest,
    points, normals, shade, lens, trust
):  # fmt: skip
    height, width = picture.shape[0], picture.shape[1]
    for row in range(ids.shape[0]):
        for column in range(ids.shape[1]):
            index = ids[row, column]
            if index < 0:
                continue
            px, py, pz, nx, ny, nz = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
            red, green, blue = 0.0, 0.0, 0.0
            for corner in range(3):
                v, share = faces[index, corner], barycentrics[row, column, corner]
                px += share * points[v, 0]
                py += share * points[v, 1]
                pz += share * points[v, 2]
                nx += share * normals[v, 0]
                ny += share * normals[v, 1]
                nz += share * normals[v, 2]
                red += share * shade[v, 0]
                green += share * shade[v, 1]
                blue += share * shade[v, 2]
            if pz < 0.01:
                continue
            size = np.sqrt((px * px + py * py + pz * pz) * (nx * nx + ny * ny + nz * nz))
            facing = -(px * nx + py * ny + pz * nz) / max(size, 1e-12)
            if facing < FLAT:
                continue
            x, y = lens[0] * px / pz + lens[2], lens[1] * py / pz + lens[3]
            i, j = int(np.floor(x)), int(np.floor(y))
            if i < 0 or j < 0 or i >= width - 1 or j >= height - 1:
                continue
            there = opening[int(np.floor(y + 0.5)), int(np.floor(x + 0.5))]
            other = there != UNTOLD and there != layer[index]
            if other or pz > nearest[j, i] + BEHIND or furthest[j, i] > pz + STEP:
                continue
            a, b = x - i, y - j
            amount = trust * clear[j, i] * ((facing - FLAT) / (1 - FLAT)) ** SHARPNESS
            shown = amount / max(trust, 1e-9)
            if care[index] != ANYTHING:
                amount *= sure[j, i]
            if care[index] == SKIN_ALONE:
                shown *= sure[j, i]
            for channel in range(3):
                upper = picture[j, i, channel] * (1 - a) + picture[j, i + 1, channel] * a
                lower = picture[j + 1, i, channel] * (1 - a) + picture[j + 1, i + 1, channel] * a
                shaded = red if channel == 0 else (green if channel == 1 else blue)
                colour[row, column, channel] += amount * (upper * (1 - b) + lower * b) / shaded
            weight[row, column] += amount
            best[row, column] = max(best[row, column], shown)


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
    seen = raster.ids >= 0
    uv = np.einsum("pk,pkc->pc", raster.barycentrics[seen], layout_uv[raster.ids[seen]])
    size = len(texture)
    x = np.clip(uv[:, 0] * size - 0.5, 0, size - 1.001)
    y = np.clip((1 - uv[:, 1]) * size - 0.5, 0, size - 1.001)
    i, j = x.astype(int), y.astype(int)
    a, b = (x - i)[:, None], (y - j)[:, None]
    upper = texture[j, i] * (1 - a) + texture[j, i + 1] * a
    lower = texture[j + 1, i] * (1 - a) + texture[j + 1, i + 1] * a
    # As in `add_frame`: per vertex.
    shade = raster.interpolate(believed_light(normals, light), faces)[seen]
    result = np.zeros((*raster.ids.shape, 3), dtype=np.float32)
    result[seen] = (upper * (1 - b) + lower * b) * shade
    return result
