"""Texture coordinates: flattened so that nothing overlaps, each part an island of its own."""

from __future__ import annotations

import numpy as np

from ...contract.arrays import Floats, Integers
from ..geometry import boundary_edges
from ..parametrisation import laid_flat, mean_value_weights
from .anatomy import Anatomy
from .eyes import RINGS, SEGMENTS

ISLANDS = {
    # part -> left, bottom, width, height in the unit square
    "right_ear": (0.005, 0.85, 0.145, 0.145),
    "left_ear": (0.85, 0.85, 0.145, 0.145),
    "right_eyeball": (0.005, 0.005, 0.11, 0.11),
    "left_eyeball": (0.885, 0.005, 0.11, 0.11),
    "mouth_bag": (0.005, 0.125, 0.07, 0.07),
    "tongue": (0.925, 0.125, 0.07, 0.07),
    "upper_teeth": (0.125, 0.005, 0.20, 0.035),
    "lower_teeth": (0.675, 0.005, 0.20, 0.035),
}
SKIN_CENTRE, SKIN_RADII = (0.5, 0.515), (0.49, 0.475)
FACE_CENTRE, FACE_RADII = (0.5, 0.505), (0.27, 0.315)


def texture_coordinates(anatomy: Anatomy) -> tuple[Floats, Integers]:
    """Return coordinates (U, 2) with v upwards, and their indices per triangle (F, 3).

    The skin is one island: the face fills an ellipse in the middle, the back of the head the ring around it, out to the
    neck's edge. The face and every ear are Tutte's embedding ("How to draw a graph", 1963) with mean value weights
    (Floater, "Mean value coordinates", 2003), which cannot fold over inside a convex outline.
    """
    part = anatomy.triangle_part
    coordinates = _skin(anatomy)
    faces = anatomy.triangles.copy()
    pieces = [coordinates]
    count = len(coordinates)
    for name, frame in ISLANDS.items():
        rows = part == name
        vertices, local = np.unique(anatomy.triangles[rows], return_inverse=True)
        local = local.reshape(-1, 3)
        if name.endswith("eyeball"):
            island, local = _eyeball(name, local)
        else:
            island = _island(anatomy, name, vertices, local)
        pieces.append(_framed(island, frame))
        faces[rows] = local + count
        count += len(island)
    return _compact(np.concatenate(pieces), faces)


def _compact(coordinates: Floats, faces: Integers) -> tuple[Floats, Integers]:
    """Return coordinates and faces without the coordinates that no face uses."""
    used, index = np.unique(faces, return_inverse=True)
    return coordinates[used], index.reshape(-1, 3).astype(np.int64)


def _framed(points: Floats, frame: tuple[float, float, float, float]) -> Floats:
    """Return points (N, 2) fitted into a rectangle (left, bottom, width, height), proportions kept for round ones."""
    low, size = points.min(axis=0), np.ptp(points, axis=0)
    return np.array(frame[:2]) + (points - low) / size * np.array(frame[2:])


def _eyeball(name: str, triangles: Integers) -> tuple[Floats, Integers]:
    """Return flat coordinates (N, 2) of an eyeball, pupil in the middle, and triangles with the back pole cut open."""
    turn = 2 * np.pi * np.arange(SEGMENTS) / SEGMENTS
    sign = 1.0 if name.startswith("left") else -1.0
    around = np.stack([sign * np.cos(turn), np.sin(turn)], 1)
    half = turn + np.pi / SEGMENTS
    poles = np.stack([sign * np.cos(half), np.sin(half)], 1)
    rings = (np.arange(1, RINGS + 1) / (RINGS + 1))[:, None, None] * around
    flat = np.concatenate([np.zeros((1, 2)), rings.reshape(-1, 2), poles])
    pole = 1 + RINGS * SEGMENTS
    triangles = triangles.copy()
    for row in np.flatnonzero((triangles == pole).any(axis=1)):
        segments = np.sort((triangles[row][triangles[row] != pole] - 1) % SEGMENTS)
        first = segments[1] if segments[1] - segments[0] > 1 else segments[0]
        triangles[row][triangles[row] == pole] = pole + first
    return flat, triangles


def _island(anatomy: Anatomy, name: str, vertices: Integers, triangles: Integers) -> Floats:
    """Return flat coordinates (N, 2) of one inner part's vertices."""
    if name.endswith("teeth"):
        row, column = np.divmod(np.arange(len(vertices)), 29)
        return np.stack([column, -row if name.startswith("upper") else row], 1).astype(float)
    if name == "tongue":
        row, column = np.divmod(np.arange(len(vertices)), 7)
        return np.stack([column, row], 1).astype(float)
    loop = np.searchsorted(vertices, anatomy.bag_rings[0]) if name == "mouth_bag" else _outline(triangles)
    turn = np.pi + 2 * np.pi * np.arange(len(loop)) / len(loop)
    return _tutte(anatomy.points[vertices], triangles, loop, np.stack([np.cos(turn), np.sin(turn)], 1))


def _outline(triangles: Integers) -> Integers:
    """Return the border of a disc of triangles, counter-clockwise, from its lowest vertex number."""
    following = dict(boundary_edges(triangles).tolist())
    loop = [min(following)]
    while following[loop[-1]] != loop[0]:
        loop.append(following[loop[-1]])
    return np.array(loop, np.int64)


def _skin(anatomy: Anatomy) -> Floats:
    """Return coordinates (V, 2) of the skin; rows of other vertices are meaningless."""
    points = anatomy.points
    oval = anatomy.face.oval
    turn = _even_turn(points[oval])
    ellipse = np.array(FACE_CENTRE) + np.stack([FACE_RADII[0] * np.sin(turn), FACE_RADII[1] * np.cos(turn)], 1)
    face = np.isin(anatomy.triangle_part, ["face", "left_socket", "right_socket"])
    inner = anatomy.triangles[face]
    holes = [anatomy.lid_rings[0][-1], anatomy.lid_rings[1][-1], anatomy.face.lips_inside]
    result = _tutte(points, _closed(inner, holes, len(points)), oval, ellipse)
    _lay_back(anatomy, ellipse, result)
    return result


def _lay_back(anatomy: Anatomy, ellipse: Floats, result: Floats) -> None:
    """Place the grid behind the face between the face's ellipse and the island's outline; written into `result`."""
    grid = anatomy.grid
    border = _rounded(2 * np.pi * np.arange(grid.shape[1]) / grid.shape[1])
    share = (np.arange(1, len(grid) + 1) / len(grid)) ** 0.9
    positions = ellipse[None, ::2] * (1 - share[:, None, None]) + border[None] * share[:, None, None]
    inside = grid >= 0
    result[grid[inside]] = positions[inside]


def _rounded(turn: Floats) -> Floats:
    """Return points (N, 2) on the outline of the skin's island, from the top clockwise."""
    return np.array(SKIN_CENTRE) + np.stack([SKIN_RADII[0] * np.sin(turn), SKIN_RADII[1] * np.cos(turn)], 1)


def _even_turn(loop: Floats) -> Floats:
    """Return an angle per vertex of the oval (72,), clockwise from the top: a mix of arc length and equal steps."""
    length = np.linalg.norm(np.roll(loop, -1, axis=0) - loop, axis=1)
    share = np.concatenate([[0.0], np.cumsum(length)[:-1]]) / length.sum()
    return 2 * np.pi * (0.7 * share + 0.3 * np.arange(len(loop)) / len(loop))


def _closed(triangles: Integers, holes: list[Integers], count: int) -> Integers:
    """Return the triangles with each hole filled by a fan around a new vertex count, count + 1 ..."""
    fans = [np.stack([hole, np.roll(hole, -1), np.full(len(hole), count + i)], 1) for i, hole in enumerate(holes)]
    return np.concatenate([triangles, *fans])


def _tutte(points: Floats, triangles: Integers, pinned: Integers, positions: Floats) -> Floats:
    """Return flat coordinates (V, 2): `pinned` at `positions`, the others the weighted mean of their neighbours."""
    count = max(len(points), int(triangles.max()) + 1)
    space = np.zeros((count, 3))
    space[: len(points)] = points
    for extra in range(len(points), count):
        around = triangles[(triangles == extra).any(axis=1)]
        space[extra] = points[np.unique(around[around != extra])].mean(axis=0)
    free = np.setdiff1d(np.unique(triangles), pinned)
    return laid_flat(mean_value_weights(space, triangles), pinned, positions, free)[: len(points)]
