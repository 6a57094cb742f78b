"""Gaps between the outline of the head and that of a person's mask, direction by direction around the head.

The outline is that of the mesh in the picture: edges between a triangle that faces the camera and one that does not.
Rays from the middle of the head meet it, and the border of the mask, at some distance; the difference is the gap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from ...contract.arrays import Floats, Integers
from ...head.model import HeadModel

DIRECTIONS: Final = 72
SCALP, LEFT_EAR, RIGHT_EAR, FACE, NO_PART = 0, 1, 2, 3, -1
"""Parts of the outline; neck, shoulders and whatever else the model has are no part."""
_NAMES: Final = ("scalp", "left_ear", "right_ear", "face")
_BORDER: Final = 2.0
"""Pixels from the edge of picture or mask within which the border of the mask says nothing."""
_INWARDS: Final = 0.5
"""The border of the mask is looked for from this share of the outline's distance on."""
_HALF: Final = 127.5


@dataclass(frozen=True)
class Masks:
    """Person against background on K frames.

    Attributes:
        frame: Position of each mask among the frames of the fit (K,).
        mask: (K, H, W) uint8, 255 = person.
        to_image: Mask pixel (x, y, 1) -> full-frame pixel (K, 2, 3).
        width, height: Of the full frame.
        skin: Bare skin (K, H, W) uint8, 255 = skin; None where it is not known.
    """

    frame: Integers
    mask: NDArray[np.uint8]
    to_image: Floats
    width: int
    height: int
    skin: NDArray[np.uint8] | None = None

    def __len__(self) -> int:
        return len(self.frame)

    def __getitem__(self, chosen: Integers) -> Masks:
        skin = None if self.skin is None else self.skin[chosen]
        return Masks(self.frame[chosen], self.mask[chosen], self.to_image[chosen], self.width, self.height, skin)


@dataclass(frozen=True)
class Mesh:
    """What of a head model makes its outline.

    Attributes:
        faces: Triangles without the eyeballs (F, 3).
        edges: Inner edges (E, 2) and the two triangles at each, sides (E, 2).
        part: Which part each vertex belongs to (V,).
    """

    faces: Integers
    edges: Integers
    sides: Integers
    part: Integers


def outline_mesh(head: HeadModel) -> Mesh | None:
    """Return what makes the outline of a head, or None where the model names neither scalp nor ears nor face."""
    if any(name not in head.regions for name in _NAMES):
        return None
    part = np.full(head.vertex_count, NO_PART)
    for number in (FACE, SCALP, LEFT_EAR, RIGHT_EAR):
        part[head.regions[_NAMES[number]]] = number
    hidden = np.zeros(head.vertex_count, dtype=bool)
    for name in ("left_eyeball", "right_eyeball"):
        hidden[head.regions.get(name, np.zeros(0, dtype=np.int64))] = True
    return mesh_of(head.faces[~hidden[head.faces].any(axis=1)], part)


def mesh_of(faces: Integers, part: Integers) -> Mesh:
    """Return the mesh of some triangles (F, 3) with the part of each vertex (V,)."""
    every = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    triangle = np.tile(np.arange(len(faces)), 3)
    order = np.lexsort((every[:, 0], every[:, 1]))
    same = np.flatnonzero((every[order[1:]] == every[order[:-1]]).all(axis=1))
    sides = np.stack([triangle[order[same]], triangle[order[same + 1]]], axis=1)
    return Mesh(faces, every[order[same]], sides, part)


def head_centres(mesh: Mesh, vertices: Floats, focal: float, centre: tuple[float, float], masks: Masks) -> Floats:
    """Return the middle of the head on each mask (K, 2), in mask pixels; arguments as in `gaps`."""
    on_mask = _on_masks(vertices[:, mesh.part != NO_PART], focal, centre, masks)
    return (on_mask.min(axis=1) + on_mask.max(axis=1)) / 2


def gaps(
    mesh: Mesh, vertices: Floats, focal: float, centre: tuple[float, float], masks: Masks, middle: Floats
) -> tuple[Floats, Integers]:
    """Return how far the mask reaches beyond the head, in millimetres at the head, and the part of the outline there.

    Args:
        mesh: See `outline_mesh`.
        vertices: Of the head on the frame of each mask (K, V, 3), camera axes, metres.
        focal: Focal length, pixels.
        centre: Principal point, pixels.
        masks: K masks.
        middle: Where the rays start (K, 2), mask pixels.

    Returns:
        Gaps (K, `DIRECTIONS`), negative where the head reaches outside the person, NaN where nothing can be said;
        parts (K, `DIRECTIONS`).
    """
    on_mask = _on_masks(vertices, focal, centre, masks)
    result = np.full((len(masks), DIRECTIONS), np.nan)
    parts = np.full((len(masks), DIRECTIONS), NO_PART)
    for k in range(len(masks)):
        radius, parts[k] = _outline_radius(mesh, on_mask[k], middle[k])
        border = _mask_radius(masks, k, middle[k], radius)
        depth = vertices[k][mesh.part != NO_PART, 2].mean()
        metres = depth / focal * np.linalg.norm(masks.to_image[k, :, 0])
        result[k] = np.where(parts[k] != NO_PART, 1e3 * metres * (border - radius), np.nan)
    return result, parts


def _on_masks(vertices: Floats, focal: float, centre: tuple[float, float], masks: Masks) -> Floats:
    pixels = focal * vertices[..., :2] / vertices[..., 2:] + np.asarray(centre)
    inverse = np.linalg.inv(masks.to_image[:, :, :2])
    return (pixels - masks.to_image[:, None, :, 2]) @ np.swapaxes(inverse, 1, 2)


def _directions() -> Floats:
    angle = (np.arange(DIRECTIONS) + 0.5) * (2 * np.pi / DIRECTIONS)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _cross(first: Floats, second: Floats) -> Floats:
    return first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]


def _outline_radius(mesh: Mesh, points: Floats, middle: Floats) -> tuple[Floats, Integers]:
    """Return where each ray leaves the head (`DIRECTIONS`,), pixels, and at which part."""
    corners = points[mesh.faces]
    towards = _cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]) > 0
    edges = mesh.edges[towards[mesh.sides[:, 0]] != towards[mesh.sides[:, 1]]]
    start, end = points[edges[:, 0]] - middle, points[edges[:, 1]] - middle
    rays = _directions()[:, None]
    before, after = _cross(rays, start), _cross(rays, end)
    meets = (before > 0) != (after > 0)
    share = before / np.where(meets, before - after, 1.0)
    along = ((start + share[..., None] * (end - start)) * rays).sum(axis=-1)
    along = np.where(meets, along, -1.0)
    farthest = along.argmax(axis=1)
    radius = along[np.arange(DIRECTIONS), farthest]
    return radius, np.where(radius > 0, mesh.part[edges[farthest, 0]], NO_PART)


def _mask_radius(masks: Masks, k: int, middle: Floats, outline: Floats) -> Floats:
    """Return where each ray leaves the person (`DIRECTIONS`,), pixels; NaN at the border of picture or mask."""
    height, width = masks.mask.shape[1:]
    distance = np.arange(0.0, np.hypot(width, height) / 2)
    positions = middle + distance[None, :, None] * _directions()[:, None]
    person = map_coordinates(
        masks.mask[k].astype(np.float32), [positions[..., 1], positions[..., 0]], order=1, cval=0.0
    )
    outside = (person < _HALF) & (distance > _INWARDS * outline[:, None])
    first = np.maximum(outside.argmax(axis=1), 1)
    row = np.arange(DIRECTIONS)
    inner, outer = person[row, first - 1], person[row, first]
    falls = inner > outer
    share = np.clip((inner - _HALF) / np.where(falls, inner - outer, 1.0), 0.0, 1.0) * falls
    at = positions[row, first]
    pixels = at @ masks.to_image[k, :, :2].T + masks.to_image[k, :, 2]
    known = outside.any(axis=1) & _well_inside(at, width, height) & _well_inside(pixels, masks.width, masks.height)
    return np.where(known, distance[first] - 1 + share, np.nan)


def _well_inside(points: Floats, width: int, height: int) -> NDArray[np.bool_]:
    room = np.minimum(points, np.array([width - 1, height - 1]) - points)
    return np.asarray((room > _BORDER).all(axis=1))
