"""Picking of a point of the head's surface with a pixel of the footage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...backend.contract.camera import Intrinsics, project

_NEAREST = 1e-4
"""Depth in metres below which a corner counts as behind the camera."""


@dataclass(frozen=True)
class SurfacePoint:
    """A triangle of the track's faces, and the shares of its corners in a point of it."""

    triangle: int
    barycentric: tuple[float, float, float]


def pick_point(
    points: NDArray[Any], faces: NDArray[Any], intrinsics: Intrinsics, pixel: tuple[float, float]
) -> SurfacePoint | None:
    """Return the nearest point of a mesh on the ray through a pixel, None where the ray misses it.

    Args:
        points: Vertices in camera axes (V, 3), metres.
        faces: Triangles that can be picked (F, 3).
        intrinsics: Of the picture.
        pixel: In pixels of the intrinsics.
    """
    depth = points[:, 2]
    flat = project(points, intrinsics, nearest=_NEAREST) - pixel
    corners = flat[faces]
    around = ((corners.min(axis=1) <= 0) & (corners.max(axis=1) >= 0)).all(axis=1)
    candidates = np.flatnonzero(around & (depth[faces] > _NEAREST).all(axis=1))
    if len(candidates) == 0:
        return None
    a, b, c = np.moveaxis(corners[candidates], 1, 0)
    areas = np.stack([_cross(b, c), _cross(c, a), _cross(a, b)], axis=1)
    total = areas.sum(axis=1)
    safe = np.where(np.abs(total) < 1e-12, 1.0, total)
    flat_shares = areas / safe[:, None]
    hit = (flat_shares >= -1e-9).all(axis=1) & (np.abs(total) >= 1e-12)
    if not hit.any():
        return None
    candidates, flat_shares = candidates[hit], flat_shares[hit]
    # In the picture shares are those of the inverse depth: the far corner counts less than it seems.
    over_depth = flat_shares / depth[faces[candidates]]
    inverse = over_depth.sum(axis=1)
    nearest = int(inverse.argmax())
    shares = np.clip(over_depth[nearest] / inverse[nearest], 0.0, 1.0)
    first, second, third = (float(each) for each in shares / shares.sum())
    return SurfacePoint(int(candidates[nearest]), (first, second, third))


def _cross(first: NDArray[Any], second: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0])
