"""Triangle meshes without the engine: normals, neighbours, pieces, distances along the surface, smoothing."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...arrays import Array, Floats, Integers


@dataclass(frozen=True)
class Mesh:
    """A triangle mesh: vertices (V, 3) and faces (F, 3), counter-clockwise from outside."""

    vertices: Floats
    faces: Integers

    def __len__(self) -> int:
        return len(self.vertices)

    def moved(self, vertices: Floats) -> Mesh:
        """Return the same triangles over other positions; what does not depend on positions is not worked out again."""
        other = Mesh(vertices, self.faces)
        for name in ("edges", "neighbours", "faces_of_vertices"):
            if name in self.__dict__:
                other.__dict__[name] = self.__dict__[name]
        return other

    @cached_property
    def edges(self) -> Integers:
        """Undirected edges (E, 2), each once."""
        pairs = np.sort(np.concatenate([self.faces[:, [0, 1]], self.faces[:, [1, 2]], self.faces[:, [2, 0]]]), axis=1)
        key = np.unique(pairs[:, 0] * np.int64(len(self)) + pairs[:, 1])
        return np.stack([key // len(self), key % len(self)], axis=1)

    @cached_property
    def neighbours(self) -> tuple[Integers, Integers]:
        """Where each vertex's neighbours begin (V + 1,) in the list of all vertices' neighbours."""
        ends = np.concatenate([self.edges, self.edges[:, ::-1]])
        order = np.argsort(ends[:, 0], kind="stable")
        starts = np.concatenate([[0], np.cumsum(np.bincount(ends[:, 0], minlength=len(self)))])
        return starts, ends[order, 1]

    @cached_property
    def faces_of_vertices(self) -> Integers:
        """Faces around each vertex (V, D), the first one repeated; -1 at vertices without any."""
        flat = self.faces.ravel()
        order = np.argsort(flat, kind="stable")
        count = np.bincount(flat, minlength=len(self))
        starts = np.concatenate([[0], np.cumsum(count)])
        result = np.full((len(self), max(1, int(count.max(initial=0)))), -1, np.int64)
        slot = np.arange(len(flat)) - starts[flat[order]]
        result[flat[order], slot] = order // 3
        return np.where(result < 0, result[:, :1], result)

    @cached_property
    def normals(self) -> Floats:
        """Unit normals of vertices (V, 3), by area; zero where there is no face."""
        corner = self.vertices[self.faces]
        normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
        total = np.zeros_like(self.vertices)
        for column in range(3):
            for axis in range(3):
                total[:, axis] += np.bincount(self.faces[:, column], normal[:, axis], len(self))
        return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-30)

    def mean_of_neighbours(self, values: Array) -> Floats:
        """Return the mean of each vertex's neighbours' values (V, ...); its own where it has none."""
        one, other = self.edges.T
        flat = values.reshape(len(self), -1)
        total = np.empty_like(flat, dtype=np.float64)
        for column in range(flat.shape[1]):
            total[:, column] = np.bincount(one, flat[other, column], len(self))
            total[:, column] += np.bincount(other, flat[one, column], len(self))
        degree = np.bincount(self.edges.ravel(), minlength=len(self))
        mean = total / np.maximum(degree, 1)[:, None]
        mean[degree == 0] = flat[degree == 0]
        return mean.reshape(values.shape)

    def pieces(self) -> Integers:
        """Return the number of the connected piece of each vertex (V,), in the order of their first vertices."""
        label = np.arange(len(self))
        one, other = self.edges.T
        while True:
            least = np.minimum(label[one], label[other])
            new = label.copy()
            np.minimum.at(new, one, least)
            np.minimum.at(new, other, least)
            new = new[new]
            if np.array_equal(new, label):
                return np.unique(label, return_inverse=True)[1].ravel()
            label = new

    def distances_from(self, seeds: Array, reach: float) -> Floats:
        """Return the length (V,) of the shortest way along edges from seeds (vertices), infinite beyond a reach."""
        distance = np.full(len(self), np.inf)
        found = self._ways(seeds, reach)
        distance[list(found)] = list(found.values())
        return distance

    def is_joined(self, one: int, other: int, reach: float) -> bool:
        """Return whether there is a way along edges from one vertex to another that is no longer than a reach."""
        return other in self._ways(np.array([one]), reach)

    def _ways(self, seeds: Array, reach: float) -> dict[int, float]:
        """Return the vertices within reach of seeds, and how far they are (Dijkstra 1959)."""
        starts, flat = self.neighbours
        known = dict.fromkeys((int(seed) for seed in seeds), 0.0)
        heap = [(0.0, seed) for seed in known]
        heapq.heapify(heap)
        while heap:
            length, vertex = heapq.heappop(heap)
            if length > known[vertex]:
                continue
            around = flat[starts[vertex] : starts[vertex + 1]]
            steps = np.linalg.norm(self.vertices[around] - self.vertices[vertex], axis=1)
            for other, step in zip(around.tolist(), steps.tolist(), strict=True):
                total = length + step
                if total <= reach and total < known.get(other, np.inf):
                    known[other] = total
                    heapq.heappush(heap, (total, other))
        return known


def fitted_sphere(points: Floats) -> tuple[Floats, float]:
    """Return centre (3,) and radius of the sphere through points (N, 3), by linear least squares."""
    middle = points.mean(axis=0)
    offset = points - middle
    matrix = np.concatenate([2 * offset, np.ones((len(points), 1))], axis=1)
    solution = np.linalg.lstsq(matrix, (offset**2).sum(axis=1), rcond=None)[0]
    return solution[:3] + middle, float(np.sqrt(max(solution[3] + solution[:3] @ solution[:3], 0.0)))


def similarity(source: Floats, target: Floats) -> tuple[float, Floats, Floats]:
    """Return scale, rotation (3, 3) and translation (3,) with target = scale * R source + t, by least squares.

    Umeyama, Least-squares estimation of transformation parameters between two point patterns, 1991.
    """
    start, goal = source.mean(axis=0), target.mean(axis=0)
    left, _, right = np.linalg.svd((target - goal).T @ (source - start))
    left[:, 2] *= np.sign(np.linalg.det(left @ right))
    rotation = left @ right
    turned = (source - start) @ rotation.T
    scale = float(((target - goal) * turned).sum() / (turned**2).sum())
    return scale, rotation, goal - scale * rotation @ start
