"""Back of the head and neck: a grid from the face's outline to the neck's edge, laid on a smooth skull."""

from __future__ import annotations

import numpy as np

from ...contract.arrays import Floats, Integers
from .dimensions import NECK_CENTRE, NECK_RADII, SPOKES

ELLIPSOIDS: tuple[tuple[tuple[float, float, float], tuple[float, float, float]], ...] = (
    ((0.0, 0.052, -0.050), (0.0745, 0.080, 0.090)),
    ((0.0, 0.050, -0.078), (0.0760, 0.072, 0.072)),
    ((0.0, 0.015, -0.080), (0.0600, 0.055, 0.060)),
    ((0.0, 0.002, -0.034), (0.0685, 0.036, 0.030)),
    ((0.0, -0.030, -0.012), (0.0640, 0.038, 0.040)),
    ((0.0, -0.060, 0.005), (0.0460, 0.028, 0.040)),
)
"""Skull, parietal breadth, occiput, breadth between the ears, jaws and floor of the mouth: centre and radii."""
NECK_AXIS = ((0.0, 0.0, -0.058), (0.0, -0.20, -0.072))
NECK_WIDTHS = ((0.049, 0.047), (0.058, 0.052))
"""Half width and half depth of the neck at the ends of its axis."""
CAPSULES: tuple[tuple[tuple[float, float, float], tuple[float, float, float], float, float], ...] = (
    ((0.058, -0.022, -0.062), (0.017, -0.185, -0.026), 0.008, 0.007),
    ((0.016, -0.030, -0.098), (0.054, -0.205, -0.092), 0.016, 0.024),
    ((0.0, -0.104, -0.024), (0.0, -0.112, -0.024), 0.0085, 0.0085),
)
"""Sternocleidomastoid, trapezius and larynx: ends and their radii; off the middle also mirrored."""
BLEND = 0.014
RELAXATIONS = 40
NECK_PULL = -0.6
"""Springs between rings are weaker on the neck, where rings may be far apart: the round skull needs them more."""


def skull_distance(points: Floats) -> Floats:
    """Return about the signed distance (N,) of points (N, 3) to the skull and neck: smooth union of solids.

    Distance to an ellipsoid as k0 (k0 - 1) / k1, union by the polynomial smooth minimum
    (I. Quilez, "Distance functions" and "Smooth minimum").
    """
    result = _neck_distance(points)
    for centre, radii in ELLIPSOIDS:
        offset = points - np.array(centre)
        k0 = np.linalg.norm(offset / radii, axis=1)
        k1 = np.maximum(np.linalg.norm(offset / np.square(radii), axis=1), 1e-9)
        result = _union(result, k0 * (k0 - 1.0) / k1)
    left = points * np.sign(points[:, :1] + 1e-12) * (1.0, 0.0, 0.0) + points * (0.0, 1.0, 1.0)
    for start, end, first, last in CAPSULES:
        axis = np.subtract(end, start)
        along = np.clip((left - start) @ axis / (axis @ axis), 0.0, 1.0)
        distance = np.linalg.norm(left - start - along[:, None] * axis, axis=1)
        result = _union(result, distance - first - along * (last - first))
    return result


def _union(one: Floats, other: Floats) -> Floats:
    """Return the smooth minimum of two distances (N,)."""
    blend = np.clip(0.5 + 0.5 * (other - one) / BLEND, 0.0, 1.0)
    return other * (1 - blend) + one * blend - BLEND * blend * (1 - blend)


def _neck_distance(points: Floats) -> Floats:
    """Return about the distance to the neck, an elliptic cone."""
    top, bottom = np.array(NECK_AXIS[0]), np.array(NECK_AXIS[1])
    along = np.clip((points[:, 1] - top[1]) / (bottom[1] - top[1]), 0.0, 1.1)
    centre = top + along[:, None] * (bottom - top)
    widths = np.array(NECK_WIDTHS[0]) + along[:, None] ** 2 * (np.array(NECK_WIDTHS[1]) - np.array(NECK_WIDTHS[0]))
    offset = (points - centre)[:, [0, 2]]
    k0 = np.linalg.norm(offset / widths, axis=1)
    k1 = np.maximum(np.linalg.norm(offset / widths**2, axis=1), 1e-9)
    above = points[:, 1] - top[1]
    return np.maximum(k0 * (k0 - 1.0) / k1, above)


def on_skull(points: Floats, steps: int = 6) -> Floats:
    """Return points (N, 3) moved along the gradient onto the skull."""
    for _ in range(steps):
        distance = skull_distance(points)
        gradient = np.empty_like(points)
        for axis in range(3):
            shift = np.zeros(3)
            shift[axis] = 1e-5
            gradient[:, axis] = (skull_distance(points + shift) - skull_distance(points - shift)) / 2e-5
        square = np.maximum((gradient**2).sum(axis=1, keepdims=True), 0.05)
        points = points - distance[:, None] * gradient / square
    return points


def neck_edge() -> Floats:
    """Return the neck's lower edge (36, 3), from the back over the subject's left to the front."""
    turn = 2 * np.pi * np.arange(SPOKES) / SPOKES
    points = np.stack([NECK_RADII[0] * np.sin(turn), 0.010 * np.cos(turn), -NECK_RADII[1] * np.cos(turn)], 1)
    points = points + NECK_CENTRE
    height = points[:, 1].copy()
    for _ in range(12):
        points = on_skull(points, 1)
        points[:, 1] = height
    return points


def head_grid(oval: Floats, rings: int, pinned: dict[tuple[int, int], Floats]) -> Floats:
    """Return the grid (rings, 36, 3) between the face's outline and the neck's edge, the latter its last ring.

    Args:
        oval: The outline (72, 3), from the forehead over the subject's left.
        rings: Number of rings, without the outline.
        pinned: Fixed places of some nodes (ring, spoke): the rim of the ears' holes.
    """
    grid = _first_guess(oval[::2], rings)
    fixed = np.zeros((rings + 1, SPOKES), bool)
    fixed[0] = fixed[-1] = True
    for node, position in pinned.items():
        grid[node], fixed[node] = position, True
    move = ~fixed
    free = np.argwhere(move)
    for _ in range(RELAXATIONS):
        around = np.roll(grid, 1, axis=1) + np.roll(grid, -1, axis=1)
        pull = 1 + NECK_PULL * np.clip((-0.01 - grid[..., 1:2]) / 0.06, 0, 1)
        above, below = 0.5 * (pull[:-2] + pull[1:-1]), 0.5 * (pull[1:-1] + pull[2:])
        middle = (around[1:-1] + above * grid[:-2] + below * grid[2:]) / (2 + above + below)
        grid[1:-1][move[1:-1]] = middle[move[1:-1]]
        grid[tuple(free.T)] = on_skull(grid[tuple(free.T)], 1)
    skull = grid.copy()
    skull[0] = on_skull(grid[0], 12)
    return _eased(grid, skull, fixed)


def _first_guess(oval: Floats, rings: int) -> Floats:
    """Return nodes (rings + 1, 36, 3) swept from the outline over the skull to the neck."""
    edge = neck_edge()
    hinge = np.array([0.0, -0.05, -0.02])
    share = np.linspace(0.0, 1.0, rings + 1)[:, None]
    straight = oval[None] * (1 - share[..., None]) + edge[None] * share[..., None]
    spoke = np.arange(SPOKES)
    upper = np.clip((11.0 - np.minimum(spoke, SPOKES - spoke)) / 5.0, 0.0, 1.0)
    start = np.arctan2(oval[:, 1] - hinge[1], oval[:, 2] - hinge[2])
    end = np.arctan2(edge[:, 1] - hinge[1], edge[:, 2] - hinge[2]) % (2 * np.pi)
    angle = start + share * (end - start)
    width = (0.072 * np.sin(2 * np.pi * spoke / SPOKES)) * np.sin(np.pi * (0.2 + 0.6 * share)) * 1.05
    reach = 0.16
    swept = np.stack([width, hinge[1] + reach * np.sin(angle), hinge[2] + reach * np.cos(angle)], -1)
    guess = straight + upper[:, None] * (swept - straight) * np.minimum(1, 6 * share * (1 - share))[..., None]
    guess[1:-1] = on_skull(guess[1:-1].reshape(-1, 3), 25).reshape(rings - 1, SPOKES, 3)
    return guess


def _eased(grid: Floats, skull: Floats, fixed: np.ndarray) -> Floats:
    """Return the grid with its distance from the skull fading from the face's outline and the pinned nodes."""
    offset = np.where(fixed[..., None], grid - skull, 0.0)
    offset[0] = grid[0] - skull[0]
    free = ~fixed
    for _ in range(300):
        around = np.roll(offset, 1, axis=1) + np.roll(offset, -1, axis=1)
        middle = (around[1:-1] + offset[:-2] + offset[2:]) / 4 * 0.985
        offset[1:-1][free[1:-1]] = middle[free[1:-1]]
    result = grid.copy()
    result[free] = skull[free] + offset[free]
    return result[1:]


def grid_triangles(grid: Integers, points: Floats, hole: set[tuple[int, int]]) -> Integers:
    """Return the triangles of a grid of vertex indices (rings, 36), closed around, without the cells in `hole`."""
    result = []
    for ring in range(len(grid) - 1):
        for spoke in range(SPOKES):
            if (ring, spoke) in hole:
                continue
            after = (spoke + 1) % SPOKES
            a, b, c, d = grid[ring, spoke], grid[ring, after], grid[ring + 1, after], grid[ring + 1, spoke]
            if np.linalg.norm(points[a] - points[c]) <= np.linalg.norm(points[b] - points[d]) + 1e-9:
                result += [(a, b, c), (a, c, d)]
            else:
                result += [(a, b, d), (b, c, d)]
    return np.array(result, np.int64)
