"""Search for the person's outline beside the outline of the head, along the normals of the latter.

The outline of the head lies between the place where bare skin ends and the one where the person ends. Of a bare cheek
or ear both are the same place; where hair, a collar or a hand is between, they only enclose it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from ...contract.arrays import Floats, Integers
from ...contract.camera import Intrinsics
from ...raster.rasterizer_numba import NumbaRasterizer
from .silhouette import FACE, SCALP, Masks, Mesh

INWARDS: Final = 16.0
"""Millimetres inside of the head's outline up to which the person's is looked for, and ..."""
OUTWARDS: Final = 24.0
"""... outside: the ears of a broad face stood 12 mm outside those of the average one."""
_STEP: Final = 1.0
MASK_WIDER: Final = 0.7
"""Millimetres by which the mask of the person reaches beyond it: 0.5 at traced cheeks, 1.0 at traced ears, 0.6 to 1.7
on rendered people."""
_THICK: Final = 3
"""Millimetres of skin in a row that count: less is a strand of fair hair or a rim of the background."""
_BARE: Final = 4.0
_HAIR: Final = 8.0
"""Millimetres between the end of skin and that of the person: up to the first it is the shade at the edge of a round
cheek or the rim of an ear, from the second on hair or cloth."""
_SKIN: Final = 0.45
_HALF: Final = 0.5
_CLEAR: Final = 1.5
"""Pixels of the mask by which the outside of a contour must be free of the head itself."""
_DOWNWARDS: Final = 0.5
"""A face's outline whose normal points further down than this lies before the neck or close to it."""
MOST: Final = 100
"""Places of the outline that are looked at in one frame."""


@dataclass(frozen=True)
class Found:
    """N places of the head's outline in one frame.

    Attributes:
        vertex: On the head (N,).
        normal: Outwards in the picture (N, 2), unit length.
        pixel: Of the vertex, full frame (N, 2).
        low, high: Between these the person's outline is, outwards from `pixel` along the normal (N,), pixels of the
            full frame; infinite where nothing bounds it.
        length: Of the outline at each, millimetres (N,).
        millimetre: In pixels of the full frame.
    """

    vertex: Integers
    normal: Floats
    pixel: Floats
    low: Floats
    high: Floats
    length: Floats
    millimetre: float


def search(mesh: Mesh, vertices: Floats, focal: float, centre: tuple[float, float], masks: Masks, k: int) -> Found:
    """Return where the outline of the person is seen beside that of the head.

    Args:
        mesh: What makes the outline; its parts name the places that are looked at.
        vertices: Of the head in camera axes (V, 3), metres.
        focal: Focal length, pixels.
        centre: Principal point, pixels.
        masks: Masks, with skin.
        k: Which of them shows this frame.
    """
    to_image = masks.to_image[k]
    pixels = focal * vertices[:, :2] / vertices[:, 2:] + np.asarray(centre)
    on_mask = (pixels - to_image[:, 2]) @ np.linalg.inv(to_image[:, :2]).T
    vertex, normal, length = _contour(mesh, on_mask, vertices[:, 2], masks.mask.shape[1:])
    scale = float(np.linalg.norm(to_image[:, 0]))
    depth = float(vertices[mesh.part >= 0, 2].mean())
    millimetre = focal / depth / 1000
    low, high = _bounds(masks, k, on_mask[vertex], normal, millimetre / scale)
    # Fair hair has the colours of skin: a cranium is only known to be inside of the person.
    low[mesh.part[vertex] == SCALP] = -np.inf
    bounded = np.isfinite(low) | np.isfinite(high)
    vertex, normal, low, high = vertex[bounded], normal[bounded], low[bounded] * millimetre, high[bounded] * millimetre
    length = length[bounded] * scale / millimetre
    return Found(vertex, normal @ to_image[:, :2].T / scale, pixels[vertex], low, high, length, millimetre)


def _contour(mesh: Mesh, points: Floats, depth: Floats, size: tuple[int, ...]) -> tuple[Integers, Floats, Floats]:
    """Return vertices of the head's outermost outline (N,), its normals (N, 2) and lengths (N,), pixels of the mask."""
    corners = points[mesh.faces]
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    towards = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0] > 0
    edge = np.flatnonzero(towards[mesh.sides[:, 0]] != towards[mesh.sides[:, 1]])
    ends = mesh.edges[edge]
    near = np.where(towards[mesh.sides[edge, 0]], mesh.sides[edge, 0], mesh.sides[edge, 1])
    along = points[ends[:, 1]] - points[ends[:, 0]]
    middle = points[ends].mean(axis=1)
    normal = np.stack([along[:, 1], -along[:, 0]], axis=1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    normal *= np.sign(((middle - corners[near].mean(axis=1)) * normal).sum(axis=1))[:, None]
    part = mesh.part[ends[:, 0]]
    usable = (part >= 0) & ~((part == FACE) & (normal[:, 1] > _DOWNWARDS))
    usable &= ~_covered(mesh.faces[towards], points, depth, size, middle + _CLEAR * normal)
    chosen = np.flatnonzero(usable)
    share = max(len(chosen) / MOST, 1.0)
    chosen = (
        chosen[np.unique(np.linspace(0, len(chosen) - 1, MOST).round().astype(np.int64))] if len(chosen) else chosen
    )
    vertex, row, number = np.unique(ends[chosen, 0], return_index=True, return_inverse=True)
    length = np.zeros(len(vertex))
    np.add.at(length, number.ravel(), share * np.linalg.norm(along[chosen], axis=1))
    return vertex, normal[chosen][row], length


def _covered(
    faces: Integers, points: Floats, depth: Floats, size: tuple[int, ...], positions: Floats
) -> NDArray[np.bool_]:
    """Return whether the head is seen at some places of a mask (N, 2); outside of the mask it counts as if it were."""
    height, width = size
    rays = np.concatenate([points, np.ones((len(points), 1))], axis=1) * depth[:, None]
    drawn = NumbaRasterizer(threads=1).rasterize(rays, faces, Intrinsics(width, height, 1.0, 1.0, 0.0, 0.0)).ids >= 0
    column, row = np.rint(positions).astype(np.int64).T
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    return ~inside | drawn[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]


def _bounds(masks: Masks, k: int, points: Floats, normal: Floats, millimetre: float) -> tuple[Floats, Floats]:
    """Return between which places along the normals (N,) the person's outline is, millimetres; infinite where open."""
    steps = np.arange(-INWARDS, OUTWARDS + _STEP / 2, _STEP)
    positions = points[:, None] + normal[:, None] * (steps * millimetre)[:, None]
    known = _well_inside(positions, masks, k)
    rows, columns = positions[..., 1], positions[..., 0]

    def sampled(mask: NDArray[np.uint8]) -> Floats:
        return map_coordinates(mask.astype(np.float32) / 255, [rows, columns], order=1, mode="nearest")

    person = sampled(masks.mask[k])
    beyond = person < _HALF
    ends = beyond.any(axis=1) & ~beyond[:, 0]
    first = np.where(ends, beyond.argmax(axis=1), 1)
    row = np.arange(len(points))
    inner, outer = person[row, first - 1], person[row, first]
    share = np.clip((inner - _HALF) / np.maximum(inner - outer, 1e-6), 0, 1)
    last = np.where(ends, first, len(steps))
    high = np.where(ends, steps[0] + (first - 1 + share) * _STEP - MASK_WIDER, np.inf)
    low = _end_of_skin(sampled(masks.skin[k]), last, steps) if masks.skin is not None else np.full(len(points), -np.inf)
    between = high - low
    hairless = np.clip((_HAIR - between) / (_HAIR - _BARE), 0, 1)
    low = np.where(np.isfinite(between), low + hairless * np.where(np.isfinite(between), between, 0), low)
    usable = known & ~beyond[:, 0]
    return np.where(usable, low, -np.inf), np.where(usable, high, np.inf)


def _end_of_skin(skin: Floats, last: Integers, steps: Floats) -> Floats:
    """Return where the outermost skin before the end of the person ends (N,), millimetres; -inf where there is none."""
    count = len(steps)
    like = (skin > _SKIN) & (np.arange(count) < last[:, None])
    thick = like.copy()
    for shift in range(1, _THICK):
        thick[:, shift:] &= like[:, :-shift]
        thick[:, :shift] = False
    outermost = count - 1 - thick[:, ::-1].argmax(axis=1)
    # Skin up to the end of what was looked at ends nowhere: a neck, a hand, a shoulder.
    ending = thick.any(axis=1) & (outermost < count - 1)
    return np.where(ending, steps[outermost] + _STEP / 2, -np.inf)


def _well_inside(positions: Floats, masks: Masks, k: int) -> NDArray[np.bool_]:
    """Return whether all of each line (N, S, 2) is inside of picture and mask."""
    height, width = masks.mask.shape[1:]
    matrix = masks.to_image[k]
    ends = positions[:, [0, -1]]
    pixels = ends @ matrix[:, :2].T + matrix[:, 2]
    inside = ((ends > 1) & (ends < np.array([width, height]) - 2)).all(axis=(1, 2))
    return inside & ((pixels > 1) & (pixels < np.array([masks.width, masks.height]) - 2)).all(axis=(1, 2))
