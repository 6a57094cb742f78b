"""Rasteriser on the processor, always there: numba, on two threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..contract.arrays import Array
from ..contract.camera import Intrinsics
from ..system.compiled import compiled
from .rasterizer import NEAR, Raster

GRID = 1024.0
"""Corners are snapped to 1/1024 px for the question which pixels a triangle covers: edge functions are then whole
numbers, exact in float64 up to pictures of 16,000 px, and neighbours can neither leave a gap nor overlap. Barycentrics
and depth come from the unsnapped corners."""


@compiled
def _project(vertices, camera, near, screen):
    """Fill `screen` (V, 2) with projected corners in units of 1/GRID px; camera = (fx, fy, cx, cy)."""
    for index in range(vertices.shape[0]):
        z = vertices[index, 2]
        if z > near:
            screen[index, 0] = np.rint((camera[0] * vertices[index, 0] / z + camera[2]) * GRID)
            screen[index, 1] = np.rint((camera[1] * vertices[index, 1] / z + camera[3]) * GRID)


@compiled
def _edge(ax, ay, bx, by):
    """Return (p, q, r) so that p x + q y + r >= 0 on and to one side of the line a -> b.

    A pixel exactly on the line belongs to the triangle of which the line is a top or left edge, so that of two
    triangles exactly one has it: values are whole numbers, half a unit less excludes the line itself.
    """
    p, q = ay - by, bx - ax
    ties = p > 0 or (p == 0 and q > 0)
    return p, q, -(p * ax + q * ay) - (0.0 if ties else 0.5)


@compiled
def _draw_front(index, a, b, c, screen, inverse, ids, nearest, top, bottom):
    """Draw triangle (a, b, c), which lies wholly in front of the camera, into rows [top, bottom)."""
    ax, ay, bx, by, cx, cy = screen[a, 0], screen[a, 1], screen[b, 0], screen[b, 1], screen[c, 0], screen[c, 1]
    area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    if area == 0:
        return
    if area < 0:
        b, c, area = c, b, -area
        bx, by, cx, cy = cx, cy, bx, by
    first_x = max(0, int(np.ceil(min(ax, bx, cx) / GRID)))
    last_x = min(ids.shape[1] - 1, int(np.floor(max(ax, bx, cx) / GRID)))
    first_y = max(top, int(np.ceil(min(ay, by, cy) / GRID)))
    last_y = min(bottom - 1, int(np.floor(max(ay, by, cy) / GRID)))
    if first_x > last_x or first_y > last_y:
        return
    p0, q0, r0 = _edge(bx, by, cx, cy)
    p1, q1, r1 = _edge(cx, cy, ax, ay)
    p2, q2, r2 = _edge(ax, ay, bx, by)
    i0, i1, i2 = inverse[a] / area, inverse[b] / area, inverse[c] / area
    p0, p1, p2 = p0 * GRID, p1 * GRID, p2 * GRID
    for y in range(first_y, last_y + 1):
        v = y * GRID
        w0, w1, w2 = p0 * first_x + q0 * v + r0, p1 * first_x + q1 * v + r1, p2 * first_x + q2 * v + r2
        entered = False
        for x in range(first_x, last_x + 1):
            if w0 >= 0 and w1 >= 0 and w2 >= 0:
                entered = True
                near = w0 * i0 + w1 * i1 + w2 * i2
                if near > nearest[y, x]:
                    nearest[y, x] = near
                    ids[y, x] = index
            elif entered:
                break
            w0, w1, w2 = w0 + p0, w1 + p1, w2 + p2


@compiled
def _bounds_beyond(points, camera, near):
    """Return the bounding box in pixels of the part of a triangle (3, 3) that lies beyond the near plane."""
    low_x, low_y, high_x, high_y = np.inf, np.inf, -np.inf, -np.inf
    for k in range(3):
        a, b = points[k], points[(k + 1) % 3]
        for end in range(2):
            if end == 0:
                if a[2] <= near:
                    continue
                x, y, z = a[0], a[1], a[2]
            else:
                if (a[2] > near) == (b[2] > near):
                    continue
                t = (near - a[2]) / (b[2] - a[2])
                x, y, z = a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]), near
            u, v = camera[0] * x / z + camera[2], camera[1] * y / z + camera[3]
            low_x, low_y, high_x, high_y = min(low_x, u), min(low_y, v), max(high_x, u), max(high_y, v)
    return low_x, low_y, high_x, high_y


@compiled
def _cross(a, b):
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


@compiled
def _draw_crossing(index, points, camera, near, ids, nearest, top, bottom):
    """Draw a triangle (3, 3) that crosses the near plane: by rays, without clipping (Olano and Greer 1997)."""
    n0, n1, n2 = _cross(points[1], points[2]), _cross(points[2], points[0]), _cross(points[0], points[1])
    volume = points[0, 0] * n0[0] + points[0, 1] * n0[1] + points[0, 2] * n0[2]
    if volume == 0:
        return
    low_x, low_y, high_x, high_y = _bounds_beyond(points, camera, near)
    first_x, last_x = max(0.0, np.ceil(low_x)), min(ids.shape[1] - 1.0, np.floor(high_x))
    first_y, last_y = max(float(top), np.ceil(low_y)), min(bottom - 1.0, np.floor(high_y))
    if first_x > last_x or first_y > last_y:
        return
    for y in range(int(first_y), int(last_y) + 1):
        v = (y - camera[3]) / camera[1]
        for x in range(int(first_x), int(last_x) + 1):
            u = (x - camera[2]) / camera[0]
            e0 = (n0[0] * u + n0[1] * v + n0[2]) / volume
            e1 = (n1[0] * u + n1[1] * v + n1[2]) / volume
            e2 = (n2[0] * u + n2[1] * v + n2[2]) / volume
            inverse = e0 + e1 + e2
            inside = e0 >= 0 and e1 >= 0 and e2 >= 0
            if inside and nearest[y, x] < inverse < 1 / near:
                nearest[y, x] = inverse
                ids[y, x] = index


@compiled
def _draw_band(vertices, faces, screen, inverse, camera, near, ids, nearest, top, bottom):
    """Find the nearest triangle of every pixel in rows [top, bottom)."""
    for index in range(faces.shape[0]):
        a, b, c = faces[index, 0], faces[index, 1], faces[index, 2]
        front = int(vertices[a, 2] > near) + int(vertices[b, 2] > near) + int(vertices[c, 2] > near)
        if front == 3:
            _draw_front(index, a, b, c, screen, inverse, ids, nearest, top, bottom)
        elif front > 0:
            _draw_crossing(index, vertices[faces[index]], camera, near, ids, nearest, top, bottom)


@compiled
def _locate_band(vertices, faces, camera, ids, barycentrics, depth, top, bottom):
    """Fill barycentrics and depth of rows [top, bottom) by intersecting each pixel's ray with its triangle."""
    for y in range(top, bottom):
        v = (y - camera[3]) / camera[1]
        for x in range(ids.shape[1]):
            index = ids[y, x]
            if index < 0:
                continue
            i, j, k = faces[index, 0], faces[index, 1], faces[index, 2]
            a = (vertices[i, 0], vertices[i, 1], vertices[i, 2])
            b = (vertices[j, 0], vertices[j, 1], vertices[j, 2])
            c = (vertices[k, 0], vertices[k, 1], vertices[k, 2])
            n0, n1, n2 = _cross(b, c), _cross(c, a), _cross(a, b)
            sign = 1.0 if a[0] * n0[0] + a[1] * n0[1] + a[2] * n0[2] > 0 else -1.0
            u = (x - camera[2]) / camera[0]
            # A pixel that snapping put just inside may lie just outside: its weights are moved onto the edge.
            e0 = max(0.0, sign * (n0[0] * u + n0[1] * v + n0[2]))
            e1 = max(0.0, sign * (n1[0] * u + n1[1] * v + n1[2]))
            e2 = max(0.0, sign * (n2[0] * u + n2[1] * v + n2[2]))
            total = e0 + e1 + e2
            if total <= 0:
                e0, e1, e2, total = 1.0, 1.0, 1.0, 3.0
            e0, e1, e2 = e0 / total, e1 / total, e2 / total
            barycentrics[y, x, 0], barycentrics[y, x, 1], barycentrics[y, x, 2] = e0, e1, e2
            depth[y, x] = e0 * a[2] + e1 * b[2] + e2 * c[2]


class NumbaRasterizer:
    """Rasterises on the processor. See `rasterizer.Rasterizer`.

    Args:
        threads: Each takes a band of rows.
        reuse: Whether a call may overwrite the arrays that the last one returned: saves the system a few milliseconds
            of handing out fresh memory, for callers that are done with a picture before they ask for the next.
    """

    def __init__(self, threads: int = 2, *, reuse: bool = False) -> None:
        self._threads = threads
        self._reuse = reuse
        self._memory: dict[str, Array] = {}
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="rasterizer") if threads > 1 else None

    def rasterize(self, vertices: Array, faces: Array, intrinsics: Intrinsics) -> Raster:
        """Rasterise one mesh, see `rasterizer.Rasterizer.rasterize`."""
        points = np.ascontiguousarray(vertices, dtype=np.float64)
        triangles = np.ascontiguousarray(faces, dtype=np.int32)
        camera = np.array([intrinsics.focal_x, intrinsics.focal_y, intrinsics.centre_x, intrinsics.centre_y])
        height, width = intrinsics.height, intrinsics.width
        ids = self._filled("ids", (height, width), -1, np.int32)
        nearest = self._filled("nearest", (height, width), 0, np.float32)
        barycentrics = self._filled("barycentrics", (height, width, 3), 0, np.float32)
        depth = self._filled("depth", (height, width), np.inf, np.float32)
        screen = np.zeros((len(points), 2))
        _project(points, camera, NEAR, screen)
        inverse = 1.0 / np.maximum(points[:, 2], NEAR)

        def band(top: int, bottom: int) -> None:
            _draw_band(points, triangles, screen, inverse, camera, NEAR, ids, nearest, top, bottom)
            _locate_band(points, triangles, camera, ids, barycentrics, depth, top, bottom)

        self.in_bands(band, [0, *self._cuts(screen, height), height])
        return Raster(ids, barycentrics, depth)

    def in_bands(self, work: Callable[[int, int], None], limits: Sequence[int]) -> None:
        """Call `work(top, bottom)` for the bands of rows between the limits, one thread each."""
        if self._pool is None:
            work(limits[0], limits[-1])
        else:
            list(self._pool.map(work, limits[:-1], limits[1:]))

    def _cuts(self, screen: Array, height: int) -> list[int]:
        """Return at which rows to cut the picture so that each thread has about as many corners."""
        if len(screen) == 0:
            return [0] * (self._threads - 1)
        cuts = np.quantile(screen[:, 1] / GRID, np.arange(1, self._threads) / self._threads)
        return np.clip(np.rint(cuts), 0, height).astype(int).tolist()

    def _filled(self, name: str, shape: tuple[int, ...], value: float, kind: type) -> Array:
        """Return an array filled with a value, in the memory of the last call where that is allowed and suffices."""
        count = int(np.prod(shape))
        if not self._reuse:
            return np.full(shape, value, dtype=kind)
        if name not in self._memory or self._memory[name].size < count:
            self._memory[name] = np.empty(count, dtype=kind)
        result = self._memory[name][:count].reshape(shape)
        result.fill(value)
        return result
