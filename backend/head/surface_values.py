"""Values on the surface of a head: carried to where none is known, and to the other side."""

from __future__ import annotations

import numpy as np
import scipy.sparse
import scipy.sparse.linalg
from numpy.typing import NDArray
from scipy.spatial import KDTree

from ..contract.arrays import Array
from .geometry import edges_of


def mirror_vertices(template: Array) -> NDArray[np.int64]:
    """Return for each vertex (V, 3) the one nearest to its mirror image in x."""
    return np.asarray(KDTree(template).query(template * (-1, 1, 1))[1], dtype=np.int64)


def spread_over_mesh(values: Array, weights: Array, vertices: Array, faces: Array, stiffness: float = 0.02) -> Array:
    """Return values (V, C) that keep to the given ones by weight and are smooth on the surface elsewhere.

    Minimises sum w |x - value|^2 + stiffness sum over edges |x_i - x_j|^2; a component without any weight becomes 0.
    """
    count = len(vertices)
    edges = edges_of(faces)
    i, j = edges[:, 0], edges[:, 1]
    ones = np.full(len(edges), stiffness)
    graph = scipy.sparse.coo_matrix((ones, (i, j)), shape=(count, count))
    graph = graph + graph.T
    matrix = scipy.sparse.diags(np.asarray(graph.sum(axis=1)).ravel() + weights + 1e-9) - graph
    solve = scipy.sparse.linalg.factorized(matrix.tocsc())
    return np.stack([solve(weights * values[:, channel]) for channel in range(values.shape[1])], axis=1)
