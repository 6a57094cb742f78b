"""Mean value parametrisation: a piece of surface laid flat, its border on a convex curve, so that nothing folds over.

Every other vertex lies at a positively weighted mean of its neighbours (Tutte, How to draw a graph, 1963; weights by
Floater, Mean value coordinates, 2003).
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix, csc_matrix
from scipy.sparse.linalg import splu

from ..contract.arrays import Floats, Integers


def mean_value_weights(points: Floats, triangles: Integers) -> csc_matrix:
    """Return Floater's weights (V, V): tan of half the angles beside an edge over its length, all positive."""
    count = len(points)
    rows, columns, values = [], [], []
    for corner in range(3):
        i, j, k = (triangles[:, (corner + s) % 3] for s in range(3))
        u, v = points[j] - points[i], points[k] - points[i]
        a, b = np.maximum(np.linalg.norm(u, axis=1), 1e-7), np.maximum(np.linalg.norm(v, axis=1), 1e-7)
        # Angles next to 0 and 180 degrees, as slivers have them, would rule over all others.
        cosine = np.clip((u * v).sum(axis=1) / (a * b), -0.999, 0.999)
        half = np.sqrt((1 - cosine) / (1 + cosine))
        rows += [i, i]
        columns += [j, k]
        values += [half / a, half / b]
    data = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return csc_matrix(coo_matrix(data, shape=(count, count)))


def laid_flat(weights: csc_matrix, pinned: Integers, positions: Floats, free: Integers) -> Floats:
    """Return flat coordinates (V, 2), 0 for vertices that are neither pinned nor free.

    Args:
        weights: Of each vertex's neighbours (V, V).
        pinned: Vertices of the border (P,), which lie at `positions` (P, 2).
        free: Vertices (F,) that lie at the weighted mean of their neighbours, of which each has some.
    """
    result = np.zeros((weights.get_shape()[0], 2))
    result[pinned] = positions
    total = np.asarray(weights.sum(axis=1)).ravel()
    rows = weights[free]
    numbers = np.arange(len(free))
    system = csc_matrix((total[free], (numbers, numbers)), (len(free), len(free))) - rows[:, free]
    result[free] = splu(csc_matrix(system)).solve(np.asarray(rows @ result))
    return result
