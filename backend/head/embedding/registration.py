"""Brings MediaPipe's face mesh onto a template: known places first, the rest bent along and laid on the skin."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import factorized

from ...contract.arrays import Floats, Integers
from ...contract.names import FACE_LANDMARKS
from ..builtin.tables import NEUTRAL_FACE
from ..geometry import edges_of, face_normals, nearest_on_mesh, similarity
from .lips import LOWER_LIP

_BENDING = 0.0008
"""Metres by which a landmark's displacement may differ from the mean of its neighbours': one standard deviation."""
_STRETCHING = 0.003
"""The same for the displacements of two neighbours; of little influence where there are features nearby."""
_SURFACE = 0.0003
"""Metres off the surface: one standard deviation, at the end."""
_ROUNDS = 12


@dataclass(frozen=True)
class LandmarkTargets:
    """Where landmarks should lie: places (468, 3) and how far they may be missed (468,), infinite where unknown."""

    position: Floats
    spread: Floats


@lru_cache(maxsize=1)
def neutral_face() -> Floats:
    """Return MediaPipe's 468 landmarks of a neutral face (468, 3), metres, origin between the eyes.

    How they were measured is written in the file itself.
    """
    return np.loadtxt(NEUTRAL_FACE, delimiter=",") / 1000


@lru_cache(maxsize=1)
def mirror_landmarks() -> Integers:
    """Return the landmark (468,) that is each landmark's mirror image."""
    points = neutral_face()
    distance = np.linalg.norm(points[:, None] - points[None] * [-1.0, 1.0, 1.0], axis=-1)
    return distance.argmin(axis=1)


def register(targets: LandmarkTargets, vertices: Floats, faces: Integers, lower_faces: Integers) -> Floats:
    """Return the 468 landmarks (468, 3), metres, on the surface of a template.

    Displacements from the aligned neutral face bend as little as the targets and the surface allow.

    Args:
        targets: At least four landmarks with a finite spread, not in one plane.
        vertices: (V, 3).
        faces: Triangles (F, 3) of the skin without the inside of mouth, nose and eye sockets.
        lower_faces: Triangles of the lower lip and chin, on which what hangs on the jaw must lie.
    """
    start = _aligned(targets)
    smooth = _smoothness()
    targeted = np.isfinite(targets.spread)
    pull = np.where(targeted, 1 / np.where(targeted, targets.spread, 1) ** 2, 0.0)
    goal = np.where(targeted[:, None], targets.position, 0.0)
    points = _solved(start, smooth, pull, goal, None, None)
    for round_ in range(_ROUNDS):
        weight = 1 / max(_SURFACE, 0.004 * 0.6**round_) ** 2
        on_skin, normals = _surface(points, vertices, faces, lower_faces)
        points = _solved(start, smooth, pull, goal, (on_skin, normals), weight)
    return points


def _aligned(targets: LandmarkTargets) -> Floats:
    targeted = np.isfinite(targets.spread)
    scale, rotation, shift = similarity(neutral_face()[targeted], targets.position[targeted])
    return scale * neutral_face() @ rotation.T + shift


def _smoothness() -> sparse.csr_matrix:
    """The quadratic form (468, 468) of bending and stretching of a displacement."""
    from ..builtin.topology import face_mesh_triangles

    edges = edges_of(face_mesh_triangles())
    count = FACE_LANDMARKS
    ones = np.ones(len(edges))
    linked = sparse.coo_matrix((ones, (edges[:, 0], edges[:, 1])), shape=(count, count))
    linked = (linked + linked.T).tocsr()
    degree = np.asarray(linked.sum(axis=1)).ravel()
    laplacian = sparse.identity(count) - sparse.diags(1 / np.maximum(degree, 1)) @ linked
    along = sparse.coo_matrix(
        (np.concatenate([ones, -ones]), (np.tile(np.arange(len(edges)), 2), edges.T.ravel())), shape=(len(edges), count)
    )
    return (laplacian.T @ laplacian / _BENDING**2 + along.T @ along / _STRETCHING**2).tocsr()


def _solved(
    start: Floats,
    smooth: sparse.csr_matrix,
    pull: Floats,
    goal: Floats,
    surface: tuple[Floats, Floats] | None,
    weight: float | None,
) -> Floats:
    """Minimise smoothness of the displacement + pull to the goals + distance from the tangent planes."""
    count = len(start)
    matrix = sparse.kron(smooth, sparse.identity(3)) + sparse.diags(np.repeat(pull, 3))
    right = (pull[:, None] * (goal - start)).ravel()
    if surface is not None and weight is not None:
        on_skin, normals = surface
        blocks = weight * normals[:, :, None] * normals[:, None, :]
        index = np.arange(count)
        matrix = matrix + sparse.bsr_matrix((blocks, index, np.arange(count + 1)), shape=(3 * count, 3 * count))
        right = right + np.einsum("nij,nj->ni", blocks, on_skin - start).ravel()
    solve = factorized(matrix.tocsc())
    return start + solve(right).reshape(-1, 3)


def _surface(points: Floats, vertices: Floats, faces: Integers, lower_faces: Integers) -> tuple[Floats, Floats]:
    """Nearest place on the skin and its normal per landmark; the lower lip is sought on the lower lip alone."""
    nearest = np.empty_like(points)
    normals = np.empty_like(points)
    below = np.zeros(len(points), dtype=bool)
    below[list(LOWER_LIP)] = True
    for chosen, allowed in ((~below, faces), (below, lower_faces)):
        triangle, barycentric, _ = nearest_on_mesh(points[chosen], vertices, allowed)
        nearest[chosen] = np.einsum("nk,nkc->nc", barycentric, vertices[allowed[triangle]])
        normals[chosen] = face_normals(vertices, allowed)[triangle]
    return nearest, normals
