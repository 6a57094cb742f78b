"""Smooth deformation of a surface by a few points: biharmonic interpolation on the mesh."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix, csc_matrix, csr_matrix, diags
from scipy.sparse.linalg import splu

from ...contract.arrays import Floats, Integers


def laplacian(points: Floats, triangles: Integers) -> tuple[csc_matrix, Floats]:
    """Return the cotangent Laplacian (V, V), positive semi-definite, and the area of each vertex (V,).

    Cotangents are held between 0.05 and 5, so that slivers neither stiffen nor tear the surface
    (Botsch and Sorkine, "On linear variational surface deformation methods", 2008, section 3).
    """
    count = len(points)
    rows, columns, values = [], [], []
    area = np.zeros(count)
    for corner in range(3):
        i, j, k = (triangles[:, (corner + s) % 3] for s in range(3))
        u, v = points[j] - points[i], points[k] - points[i]
        double_area = np.maximum(np.linalg.norm(np.cross(u, v), axis=1), 1e-12)
        weight = 0.5 * np.clip((u * v).sum(axis=1) / double_area, 0.05, 5.0)
        rows += [j, k, j, k]
        columns += [k, j, j, k]
        values += [-weight, -weight, weight, weight]
        np.add.at(area, i, double_area / 6.0)
    shape = (count, count)
    matrix = coo_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=shape)
    return csc_matrix(matrix), np.maximum(area, 1e-10)


class Deformer:
    """Extends displacements of a few vertices smoothly over a mesh, with as little bending as possible."""

    def __init__(self, points: Floats, triangles: Integers) -> None:
        stiffness, area = laplacian(points, triangles)
        self.points = points
        self._bending = csc_matrix(stiffness @ diags(1.0 / area) @ stiffness)
        self._stretching = stiffness

    def faired(self, free: Integers) -> Floats:
        """Return places of all vertices (V, 3) with the free ones where the surface bends least."""
        result = self.points.copy()
        result[free] = 0.0
        rows = self._bending[free]
        result[free] = splu(csc_matrix(rows[:, free])).solve(np.asarray(-(rows @ result)))
        return result

    def spread(self, handles: Integers, displacements: Floats, free: Integers, *, bend: float = 0.03) -> Floats:
        """Return the displacement of every vertex (V, 3).

        Args:
            handles: Vertices whose displacement is given (H,).
            displacements: Theirs (H, 3).
            free: Vertices that follow; all others stay where they are. Handles may be among them.
            bend: Length in metres below which the surface bends as a plate, above which it stretches as a skin.
                A skin never overshoots its handles.
        """
        result = np.zeros((len(self.points), displacements.shape[1]))
        result[handles] = displacements
        unknown = np.setdiff1d(free, handles)
        if len(unknown) == 0:
            return result
        energy = csr_matrix(self._bending + self._stretching / bend**2)
        rows = energy[unknown]
        right = -(rows @ result)
        result[unknown] = splu(csc_matrix(rows[:, unknown])).solve(np.asarray(right))
        return result
