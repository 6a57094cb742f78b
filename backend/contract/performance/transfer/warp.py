"""Smooth warps of space that take points to points, and the local change of shape of a mesh that was warped."""

from __future__ import annotations

from typing import Final

import numpy as np

from ...arrays import Floats, Integers
from .mesh import Mesh


class Warp:
    """The smoothest map of space that takes points to points: biharmonic radial basis functions with an affine part."""

    def __init__(self, source: Floats, target: Floats, smoothing: Floats) -> None:
        """Fit the map.

        Args:
            source, target: Points (N, 3), N at least 4 and not in one plane.
            smoothing: How little each point (N,) counts; 0 is hit exactly.
        """
        self._source = source
        count = len(source)
        matrix = np.zeros((count + 4, count + 4))
        matrix[:count, :count] = -_distances(source, source)
        matrix[:count, :count] += np.diag(smoothing)
        matrix[:count, count:] = np.hstack([np.ones((count, 1)), source])
        matrix[count:, :count] = matrix[:count, count:].T
        right = np.zeros((count + 4, 3))
        right[:count] = target - source
        self._weights = np.linalg.solve(matrix, right)

    def __call__(self, points: Floats) -> Floats:
        """Return where points (M, 3) go."""
        count = len(self._source)
        moved = np.empty_like(points)
        for start in range(0, len(points), 2048):
            part = points[start : start + 2048]
            moved[start : start + 2048] = part - _distances(part, self._source) @ self._weights[:count]
        return moved + self._weights[count] + points @ self._weights[count + 1 :]


def _distances(one: Floats, other: Floats) -> Floats:
    return np.linalg.norm(one[:, None] - other[None], axis=-1)


_FRAME_REACH: Final = 0.012
"""Metres over which frames are averaged, across slits too: lips that lie on each other must move alike."""
_EVERY: Final = 4
"""Of the vertices every fourth is averaged over; they are many more than there are details in the frames."""
_STRONGEST: Final = 2.0
"""A mesh is taken to be stretched or pressed by at most this, against its own middle."""


def local_frames(rest: Mesh, warped: Mesh, certain: Integers) -> Floats:
    """Return the matrix (V, 3, 3) that takes small displacements at each vertex from one mesh to the other.

    Tangents go as the edges go, least squares over the edges around; normals to normals, longer by the square root of
    the change of area. Then averaged over what is near: a lip that is turned out a little more than the built-in one
    still moves as the mouth does.

    Args:
        rest, warped: The same triangles.
        certain: Vertices whose frames count; others take theirs.
    """
    one, other = np.concatenate([rest.edges, rest.edges[:, ::-1]]).T
    before, after = rest.vertices[other] - rest.vertices[one], warped.vertices[other] - warped.vertices[one]
    square, product = np.zeros((len(rest), 9)), np.zeros((len(rest), 9))
    for row in range(3):
        for column in range(3):
            square[:, 3 * row + column] = np.bincount(one, before[:, row] * before[:, column], len(rest))
            product[:, 3 * row + column] = np.bincount(one, after[:, row] * before[:, column], len(rest))
    square, product = square.reshape(-1, 3, 3), product.reshape(-1, 3, 3)
    size = np.trace(square, axis1=1, axis2=2)
    grown = np.sqrt(np.bincount(one, (after**2).sum(axis=1), len(rest)) / np.maximum(size, 1e-30))
    normal = (0.5 * size)[:, None, None] * rest.normals[:, :, None] * rest.normals[:, None, :]
    square += normal + 1e-3 * size[:, None, None] * np.eye(3) + 1e-15 * np.eye(3)
    crossed = warped.normals[:, :, None] * rest.normals[:, None, :]
    product += (0.5 * size * grown)[:, None, None] * crossed + 1e-3 * (size * grown)[:, None, None] * np.eye(3)
    frames = product @ np.linalg.inv(square)
    frames[size == 0] = np.eye(3)
    return _limited(_averaged(rest.vertices, frames, certain[size[certain] > 0][::_EVERY]))


def _averaged(points: Floats, frames: Floats, chosen: Integers) -> Floats:
    """Return frames (V, 3, 3) averaged over those of chosen vertices that are near."""
    result = np.empty_like(frames)
    flat = frames[chosen].reshape(-1, 9)
    for start in range(0, len(points), 1024):
        part = slice(start, start + 1024)
        square = ((points[part, None] - points[chosen][None]) ** 2).sum(axis=-1)
        weight = np.exp(-0.5 * (square - square.min(axis=1, keepdims=True)) / _FRAME_REACH**2)
        result[part] = (weight @ flat / weight.sum(axis=1, keepdims=True)).reshape(-1, 3, 3)
    return result


def _limited(frames: Floats) -> Floats:
    left, stretch, right = np.linalg.svd(frames)
    middle = float(np.median(stretch))
    limited = np.clip(stretch, middle / _STRONGEST, middle * _STRONGEST)
    return np.asarray((left * limited[:, None, :]) @ right, np.float64)
