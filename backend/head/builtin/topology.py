"""Triangles: the face mesh's own, symmetric; subdivision; loops; strips between loops."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.spatial import KDTree

from ...contract.arrays import Floats, Integers
from ..geometry import edges_of

_CONNECTIONS = Path("python", "solutions", "face_mesh_connections.py")


@lru_cache(maxsize=1)
def face_mesh_triangles() -> Integers:
    """Return the 852 triangles (852, 3) of MediaPipe's face mesh, counter-clockwise from outside.

    `FACEMESH_TESSELATION` in the source of the installed mediapipe package is a list of edges of which three
    consecutive ones are a triangle. As a frozenset at run time it has lost that order, so the source is parsed.

    Raises:
        ModuleNotFoundError: mediapipe is not installed, or without its `solutions`.
    """
    package = importlib.util.find_spec("mediapipe")
    source = Path(package.origin).parent / _CONNECTIONS if package is not None and package.origin else None
    if source is None or not source.is_file():
        raise ModuleNotFoundError("the built-in head needs mediapipe 0.10.21 with its face mesh connections")
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            target = node.targets[0]
            if isinstance(target, ast.Name) and target.id == "FACEMESH_TESSELATION":
                return np.array(ast.literal_eval(node.value.args[0]), np.int64).reshape(-1, 3, 2)[:, :, 0]
    raise ModuleNotFoundError("the installed mediapipe has no FACEMESH_TESSELATION")


def symmetric_triangles(points: Floats, triangles: Integers, mirror: Integers) -> Integers:
    """Return the triangles with those of the left half replaced by the mirror image of the right half's.

    Args:
        points: (V, 3), mirror-symmetric in x.
        triangles: (F, 3).
        mirror: Index of each vertex's mirror image (V,).
    """
    centre = points[triangles, 0].mean(axis=1)
    right = triangles[centre < -1e-6]
    middle = triangles[np.abs(centre) <= 1e-6]
    return np.concatenate([right, mirror[right][:, ::-1], middle])


def mirror_of(points: Floats) -> Integers:
    """Return the index of each point's mirror image at -x (V,).

    Raises:
        ValueError: the points (V, 3) are not symmetric to 1 micrometre.
    """
    distance, index = nearest(points, points * (-1.0, 1.0, 1.0))
    if distance.max() > 1e-6 or not np.array_equal(index[index], np.arange(len(points))):
        raise ValueError(f"points are not mirror-symmetric: {distance.max():.2e}")
    return index


def nearest(points: Floats, queries: Floats) -> tuple[Floats, Integers]:
    """Return distance and index (N,) of the point nearest to each query (N, 3)."""
    distance, index = KDTree(points).query(queries)
    return np.asarray(distance, np.float64), np.asarray(index, np.int64)


def subdivided(points: Floats, triangles: Integers) -> tuple[Floats, Integers, Integers]:
    """Return points, triangles and edges after one step of Loop's subdivision (C. Loop, 1987), borders as B-splines.

    The first V points are the old ones, moved; point V + e lies on old edge e.
    """
    edges = edges_of(triangles)
    number = {(int(a), int(b)): index for index, (a, b) in enumerate(edges)}
    opposite: list[list[int]] = [[] for _ in edges]
    middle = np.empty_like(triangles)
    for row, triangle in enumerate(triangles):
        for corner in range(3):
            a, b, c = (int(triangle[(corner + k) % 3]) for k in range(3))
            edge = number[(min(a, b), max(a, b))]
            opposite[edge].append(c)
            middle[row, corner] = len(points) + edge
    inner = np.array([len(o) == 2 for o in opposite])
    wings = np.array([o if len(o) == 2 else (0, 0) for o in opposite])
    halves = points[edges].mean(axis=1)
    new = np.where(inner[:, None], 0.75 * halves + 0.25 * points[wings].mean(axis=1), halves)
    a, b, c = triangles.T
    ab, bc, ca = middle.T
    fine = np.concatenate([np.stack(t, 1) for t in ((a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca))])
    return np.concatenate([_moved_corners(points, edges, inner), new]), fine, edges


def _moved_corners(points: Floats, edges: Integers, inner: np.ndarray) -> Floats:
    """Return the old points after Loop's (inside) and the cubic spline's (border) averaging."""
    count, border = np.zeros(len(points)), np.zeros(len(points))
    total, border_total = np.zeros_like(points), np.zeros_like(points)
    for start, end in ((0, 1), (1, 0)):
        np.add.at(count, edges[:, start], 1.0)
        np.add.at(total, edges[:, start], points[edges[:, end]])
        np.add.at(border, edges[~inner, start], 1.0)
        np.add.at(border_total, edges[~inner, start], points[edges[~inner, end]])
    beta = (0.625 - (0.375 + 0.25 * np.cos(2 * np.pi / np.maximum(count, 1))) ** 2) / np.maximum(count, 1)
    smooth = (1 - count * beta)[:, None] * points + beta[:, None] * total
    return np.where((border > 0)[:, None], 0.75 * points + 0.125 * border_total, smooth)


def halfway(loop: Sequence[int], edges: Integers, offset: int, *, closed: bool) -> Integers:
    """Return a path along old vertices with the new vertex of each of its edges in between."""
    number = {(int(a), int(b)): offset + index for index, (a, b) in enumerate(edges)}
    result: list[int] = []
    for index, a in enumerate(loop):
        result.append(int(a))
        if closed or index + 1 < len(loop):
            b = loop[(index + 1) % len(loop)]
            result.append(number[(min(int(a), int(b)), max(int(a), int(b)))])
    return np.array(result, np.int64)


def ring_strip(outer: Integers, inner: Integers, points: Floats, *, closed: bool = True) -> Integers:
    """Return triangles between two rows of equal length, each quad cut along its shorter diagonal.

    Counter-clockwise as seen from where `outer` runs counter-clockwise around `inner`.
    """
    count = len(outer)
    last = count if closed else count - 1
    k = np.arange(last)
    a, b = outer[k], outer[(k + 1) % count]
    d, c = inner[k], inner[(k + 1) % count]
    first = np.linalg.norm(points[a] - points[c], axis=1) <= np.linalg.norm(points[b] - points[d], axis=1) + 1e-9
    one = np.where(first[:, None], np.stack([a, b, c], 1), np.stack([a, b, d], 1))
    two = np.where(first[:, None], np.stack([a, c, d], 1), np.stack([b, c, d], 1))
    return np.concatenate([one, two])


def halving_strip(fine: Integers, coarse: Integers) -> Integers:
    """Return triangles between a ring of 2n and one of n, `fine` outside, counter-clockwise, fine[2k] at coarse[k]."""
    n = len(coarse)
    k = np.arange(n)
    after = (k + 1) % n
    a, m, b = fine[2 * k], fine[2 * k + 1], fine[2 * after]
    return np.concatenate(
        [
            np.stack([a, m, coarse[k]], 1),
            np.stack([m, coarse[after], coarse[k]], 1),
            np.stack([m, b, coarse[after]], 1),
        ]
    )
