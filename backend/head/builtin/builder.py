"""Collects vertices and triangles of the parts of the head under names."""

from __future__ import annotations

import numpy as np

from ...contract.arrays import Floats, Integers


class Builder:
    """A mesh that grows part by part; every part keeps its name and vertex indices."""

    def __init__(self) -> None:
        self._points: list[Floats] = []
        self._triangles: list[Integers] = []
        self._count = 0
        self.parts: dict[str, Integers] = {}
        self.triangle_parts: list[tuple[str, int]] = []

    def add(self, name: str, points: Floats) -> Integers:
        """Add vertices (N, 3) to part `name` and return their indices (N,)."""
        indices = np.arange(self._count, self._count + len(points), dtype=np.int64)
        self._points.append(np.asarray(points, float))
        self._count += len(points)
        self.parts[name] = np.concatenate([self.parts.get(name, np.empty(0, np.int64)), indices])
        return indices

    def connect(self, name: str, triangles: Integers) -> None:
        """Add triangles (F, 3), counter-clockwise from outside, to part `name`."""
        self._triangles.append(np.asarray(triangles, np.int64))
        self.triangle_parts.append((name, len(triangles)))

    def split(self, name: str, triangles: list[tuple[int, ...]]) -> None:
        """Cut triangles of part `name` into three at a new vertex in the middle of each."""
        points = self.points
        middle = self.add(name, np.array([points[list(t)].mean(axis=0) for t in triangles]).reshape(-1, 3))
        cut = dict(zip(triangles, middle, strict=True))
        for part, old in enumerate(self._triangles):
            gone = np.array([tuple(t) in cut for t in old], bool)
            if gone.any():
                new = [t for a, b, c in old[gone] for m in (cut[a, b, c],) for t in ((a, b, m), (b, c, m), (c, a, m))]
                self._triangles[part] = np.concatenate([old[~gone], np.array(new, np.int64)])
                self.triangle_parts[part] = (self.triangle_parts[part][0], len(self._triangles[part]))

    @property
    def count(self) -> int:
        """Number of vertices so far."""
        return self._count

    @property
    def points(self) -> Floats:
        """All vertices so far (V, 3)."""
        return np.concatenate(self._points)

    @property
    def triangles(self) -> Integers:
        """All triangles so far (F, 3)."""
        return np.concatenate(self._triangles)

    def triangles_of(self, *names: str) -> Integers:
        """Return the numbers of the triangles that were added to the named parts."""
        owner = np.concatenate([np.full(count, name) for name, count in self.triangle_parts])
        return np.flatnonzero(np.isin(owner, names))
