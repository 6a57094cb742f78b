"""Geometry of triangle meshes and points: pieces, borders, nearest places, rigid and similar alignment."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from ..contract.arrays import Floats, Integers
from ..contract.camera import nearest_rotations
from ..contract.performance.transfer.nearest import nearest_in_triangles


class MeshProblem(Exception):  # noqa: N818 - becomes a Failure in `flame_file`
    """The mesh is no head in FLAME's layout; the message says what is missing."""


def edges_of(faces: Integers) -> Integers:
    """Return the undirected edges (E, 2) of triangles (F, 3), each once."""
    pairs = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    return np.unique(pairs, axis=0)


def adjacency(faces: Integers, vertices: int) -> csr_matrix:
    """Return the symmetric matrix (V, V) that is 1 where two vertices share an edge."""
    edges = edges_of(faces)
    rows = np.concatenate([edges[:, 0], edges[:, 1]])
    columns = np.concatenate([edges[:, 1], edges[:, 0]])
    return csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(vertices, vertices))


def pieces(faces: Integers, vertices: int) -> Integers:
    """Return the number of the connected piece of each vertex (V,); piece 0 is the largest."""
    count, label = connected_components(adjacency(faces, vertices), directed=False)
    order = np.argsort(-np.bincount(label, minlength=count), kind="stable")
    rank = np.empty(count, dtype=np.int64)
    rank[order] = np.arange(count)
    return rank[label]


def eyeballs(template: Floats, faces: Integers) -> tuple[Integers, Integers]:
    """Return the vertices of the left and the right eyeball: the two pieces of the mesh apart from the skin.

    Raises:
        MeshProblem: the mesh has no such pieces.
    """
    label = pieces(faces, len(template))
    if label.max() < 2:
        raise MeshProblem(f"its mesh has {label.max() + 1} connected piece(s) instead of skin and two eyeballs")
    first, second = np.flatnonzero(label == 1), np.flatnonzero(label == 2)
    left, right = (first, second) if template[first, 0].mean() > template[second, 0].mean() else (second, first)
    for ball in (left, right):
        radius = np.linalg.norm(template[ball] - template[ball].mean(axis=0), axis=1)
        if not 0.008 < np.median(radius) < 0.02:
            raise MeshProblem(
                f"a separate piece of its mesh with radius {np.median(radius) * 1000:.0f} mm is not an eyeball"
            )
    return left, right


def fitted_sphere(points: Floats) -> tuple[Floats, float]:
    """Return centre (3,) and radius of the sphere through points (N, 3), by linear least squares."""
    matrix = np.concatenate([2 * points, np.ones((len(points), 1))], axis=1)
    solution = np.linalg.lstsq(matrix, (points**2).sum(axis=1), rcond=None)[0]
    return solution[:3], float(np.sqrt(solution[3] + solution[:3] @ solution[:3]))


def face_normals(points: Floats, faces: Integers) -> Floats:
    """Return unit normals (F, 3) of triangles; zero for degenerate ones."""
    corner = points[faces]
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    return normal / np.where(length > 0, length, 1)


def boundary_edges(faces: Integers) -> Integers:
    """Return the directed edges (E, 2) that only one triangle (F, 3) has."""
    directed = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    _, inverse, count = np.unique(np.sort(directed, axis=1), axis=0, return_inverse=True, return_counts=True)
    return directed[count[inverse.ravel()] == 1]


def boundary_loops(faces: Integers) -> list[Integers]:
    """Return the closed borders of the mesh as ordered vertices, the longest first."""
    following = {int(a): int(b) for a, b in boundary_edges(faces)}
    loops: list[Integers] = []
    while following:
        start, current = following.popitem()
        loop = [start]
        while current in following:
            loop.append(current)
            current = following.pop(current)
        loops.append(np.array(loop))
    return sorted(loops, key=len, reverse=True)


def nearest_on_mesh(
    points: Floats, vertices: Floats, faces: Integers, candidates: int = 24
) -> tuple[Integers, Floats, Floats]:
    """Return the nearest place on a mesh for points (N, 3): triangle (N,), barycentric (N, 3), distance (N,).

    Args:
        points: (N, 3).
        vertices: (V, 3).
        faces: Triangles (F, 3) that may be hit.
        candidates: Triangles tried per point, nearest centres first; enough where triangles are of like size.
    """
    centres = vertices[faces].mean(axis=1)
    count = min(candidates, len(faces))
    _, index = KDTree(centres).query(points, k=count)
    index = index.reshape(len(points), count)
    best_triangle = np.zeros(len(points), dtype=np.int64)
    best_barycentric = np.zeros((len(points), 3))
    best_distance = np.full(len(points), np.inf)
    for column in range(count):
        barycentric, distance = nearest_in_triangles(points, vertices[faces[index[:, column]]])
        nearer = distance < best_distance
        best_triangle[nearer] = index[nearer, column]
        best_barycentric[nearer], best_distance[nearer] = barycentric[nearer], distance[nearer]
    return best_triangle, best_barycentric, best_distance


def rigid_motion(source: Floats, target: Floats) -> tuple[Floats, Floats]:
    """Return rotation (..., 3, 3) and translation (..., 3) with target = R source + t, by least squares, without scale.

    Kabsch, A solution for the best rotation to relate two sets of vectors, 1976. Points are (..., N, 3).
    """
    centre, goal = source.mean(axis=-2, keepdims=True), target.mean(axis=-2, keepdims=True)
    rotation = nearest_rotations(np.swapaxes(target - goal, -1, -2) @ (source - centre))
    return rotation, (goal - centre @ np.swapaxes(rotation, -1, -2))[..., 0, :]


def rigidly_aligned(source: Floats, target: Floats) -> Floats:
    """Return points (..., N, 3) turned and moved onto a target by `rigid_motion`."""
    rotation, translation = rigid_motion(source, target)
    return source @ np.swapaxes(rotation, -1, -2) + translation[..., None, :]


def similarity(source: Floats, target: Floats) -> tuple[float, Floats, Floats]:
    """Return scale, rotation (3, 3) and translation (3,) with target = scale * R source + t, by least squares.

    Umeyama, Least-squares estimation of transformation parameters between two point patterns, 1991.
    """
    rotation, _ = rigid_motion(source, target)
    centre_source, centre_target = source.mean(axis=0), target.mean(axis=0)
    turned = (source - centre_source) @ rotation.T
    scale = float(((target - centre_target) * turned).sum() / (turned**2).sum())
    return scale, rotation, centre_target - scale * rotation @ centre_source
