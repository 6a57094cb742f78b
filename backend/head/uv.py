"""A texture unwrap for heads that bring none: the skin in one piece, cut from the nape over the crown; eyeballs apart.

The skin is laid flat by Tutte's embedding: its border on a convex curve and every other vertex at a positively weighted
mean of its neighbours, which cannot fold over (Tutte, How to draw a graph, 1963; Floater, Mean value coordinates,
2003). The weights are then divided by the stretch that they caused, a few times (Yoshizawa, Belyaev, Seidel, A fast and
simple stretch-minimizing mesh parameterization, 2004), so that ears and mouth do not shrink to nothing.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import sparse
from scipy.sparse import csc_matrix
from scipy.sparse.csgraph import dijkstra

from ..contract.arrays import Floats, Integers
from .geometry import MeshProblem, boundary_loops, edges_of, eyeballs, fitted_sphere, pieces
from .parametrisation import laid_flat, mean_value_weights

_SKIN: Final = ((0.01, 0.17), (0.99, 0.99))
"""Lower left and upper right corner of the skin in the texture."""
_EYES: Final = ((0.70, 0.08), (0.30, 0.08))
"""Centres of the left and the right eyeball: as one looks at the texture, the left eye is at the right."""
_EYE_RADIUS: Final = 0.07
_EYE_BACK: Final = ((0.82, 0.04), (0.18, 0.04))
_EYE_BACK_RADIUS: Final = 0.03
_ROUNDS: Final = 4


def unwrap_head(template: Floats, faces: Integers) -> tuple[Floats, Integers]:
    """Return texture coordinates (U, 2) in 0..1, v upwards, and their index per corner (F, 3), without overlaps.

    Args:
        template: (V, 3), FLAME's axes.
        faces: (F, 3): skin with a border at the neck, and two eyeballs.

    Raises:
        MeshProblem: the mesh has no eyeballs, or its skin no border at the neck.
    """
    left, right = eyeballs(template, faces)
    number = np.zeros(len(template), dtype=np.int64)
    number[left], number[right] = 1, 2
    uv_faces = np.zeros_like(faces)
    skin = np.flatnonzero(number[faces[:, 0]] == 0)
    parts = [_unwrap_skin(template, faces[skin])]
    uv_faces[skin] = parts[0][1]
    used = len(parts[0][0])
    for eye, ball in enumerate((left, right)):
        triangles = np.flatnonzero(number[faces[:, 0]] == eye + 1)
        coordinates, corners = _unwrap_eyeball(template, faces[triangles], ball, eye)
        parts.append((coordinates, corners))
        uv_faces[triangles] = corners + used
        used += len(coordinates)
    return np.concatenate([part[0] for part in parts]), uv_faces


def _unwrap_eyeball(template: Floats, faces: Integers, ball: Integers, eye: int) -> tuple[Floats, Integers]:
    """Front and sides by distance from the pole in front; the fan around the vertex at the back lies apart."""
    centre, _ = fitted_sphere(template[ball])
    direction = template[ball] - centre
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    compact = np.zeros(len(template), dtype=np.int64)
    compact[ball] = np.arange(len(ball))
    corners = compact[faces]
    back = int(direction[:, 2].argmin())
    fan = (corners == back).any(axis=1)
    angle = np.arccos(np.clip(direction[:, 2], -1, 1))
    ring = np.unique(corners[fan][corners[fan] != back])
    plane = direction[:, :2] / np.maximum(np.linalg.norm(direction[:, :2], axis=1, keepdims=True), 1e-12)
    front = _EYES[eye] + plane * (angle / angle[ring].max() * _EYE_RADIUS)[:, None]
    behind = _EYE_BACK[eye] + plane * [-1.0, 1.0] * _EYE_BACK_RADIUS * 0.99  # seen from behind
    behind[back] = _EYE_BACK[eye]
    return np.concatenate([front, behind]), np.where(fan[:, None], corners + len(ball), corners)


def _unwrap_skin(template: Floats, faces: Integers) -> tuple[Floats, Integers]:
    loops = boundary_loops(faces)
    if not loops:
        raise MeshProblem("its skin has no border at the neck")
    neck = min(loops, key=lambda loop: float(template[loop, 1].mean()))
    seam = _seam(template, faces, neck)
    points, cut, border = _cut(template, faces, seam)
    filled = _with_holes_filled(points, cut, border)
    position = _flattened(*filled, border)[: len(points)]
    low, high = np.array(_SKIN)
    return low + (position + 1) / 2 * (high - low), cut


def _seam(template: Floats, faces: Integers, neck: Integers) -> Integers:
    """Vertices from the neck's border at the back, up the middle, to a little in front of the crown."""
    edges = edges_of(faces)
    middle = template[edges].mean(axis=1)
    length = np.linalg.norm(template[edges[:, 0]] - template[edges[:, 1]], axis=1)
    cost = length * (1 + (middle[:, 0] / 0.004) ** 2)  # stay in the middle
    graph = sparse.coo_matrix((cost, (edges[:, 0], edges[:, 1])), shape=(len(template), len(template))).tocsr()
    back = neck[template[neck, 2] < template[neck, 2].mean()]
    start = int(back[np.abs(template[back, 0]).argmin()])
    used = np.unique(faces)
    crown = template[used[template[used, 1].argmax()]]
    goal = int(used[np.linalg.norm(template[used] - [0.0, crown[1], crown[2] + 0.03], axis=1).argmin()])
    _, before = dijkstra(graph, directed=False, indices=start, return_predecessors=True)
    path = [goal]
    while path[-1] != start:
        if before[path[-1]] < 0:
            raise MeshProblem("its skin is not in one piece")
        path.append(int(before[path[-1]]))
    path.reverse()
    last_on_neck = max(index for index, vertex in enumerate(path) if vertex in set(neck.tolist()))
    return np.array(path[last_on_neck:])


def _cut(template: Floats, faces: Integers, seam: Integers) -> tuple[Floats, Integers, Integers]:
    """Open the mesh along the seam: points (V', 3), triangles, and its border as one ordered loop of points.

    Vertices get numbers of their own among those of the skin; each of the seam but its end gets a second point for the
    triangles on its left side.
    """
    used, compact = np.unique(faces, return_inverse=True)
    triangles = compact.reshape(-1, 3)
    number = {int(vertex): index for index, vertex in enumerate(used)}
    path = [number[int(vertex)] for vertex in seam]
    around = {vertex: _triangles_left_of(triangles, path, position) for position, vertex in enumerate(path[:-1])}
    result = triangles.copy()
    twin: dict[int, int] = {}
    for vertex, left_triangles in around.items():
        twin[vertex] = len(used) + len(twin)
        rows = result[left_triangles]
        rows[triangles[left_triangles] == vertex] = twin[vertex]
        result[left_triangles] = rows
    points = np.concatenate([template[used], template[used[path[:-1]]]])
    loops = boundary_loops(result)
    border = next(loop for loop in loops if path[-1] in loop.tolist())
    return points, result, border


def _triangles_left_of(triangles: Integers, path: list[int], position: int) -> Integers:
    """Triangles around a vertex of the path on the path's left side, found by walking from triangle to triangle."""
    vertex, onward = path[position], path[position + 1]
    stop = path[position - 1] if position else -1
    around = np.flatnonzero((triangles == vertex).any(axis=1))
    following: dict[int, tuple[int, int]] = {}
    for index in around:
        a, b, c = np.roll(triangles[index], -int(np.flatnonzero(triangles[index] == vertex)[0]))
        assert a == vertex
        following[int(b)] = (int(c), int(index))
    result: list[int] = []
    current = onward
    while current in following and current != stop:
        current, index = following[current]
        result.append(index)
    return np.array(result, dtype=np.int64)


def _with_holes_filled(points: Floats, triangles: Integers, border: Integers) -> tuple[Floats, Integers]:
    """Close the mouth's hole with a fan, so that it has the room to stay a hole."""
    for loop in boundary_loops(triangles):
        if border[0] in loop.tolist():
            continue
        centre = len(points)
        fan = [(int(b), int(a), centre) for a, b in zip(loop, np.roll(loop, -1), strict=True)]
        points = np.concatenate([points, points[loop].mean(axis=0, keepdims=True)])
        triangles = np.concatenate([triangles, np.array(fan)])
    return points, triangles


def _flattened(points: Floats, triangles: Integers, border: Integers) -> Floats:
    """Return the points in a rounded square (V', 2), -1..1, the border on its outline."""
    outline = _outline(points, border)
    piece = pieces(triangles, len(points))
    inside = np.setdiff1d(np.flatnonzero(piece == piece[border[0]]), border)  # teeth apart hang on nothing: they stay 0
    weights = mean_value_weights(points, triangles)
    flat = laid_flat(weights, border, outline, inside)
    for _ in range(_ROUNDS):
        stretch = _stretch(points, flat, triangles)
        weights = csc_matrix(weights @ sparse.diags(1 / np.sqrt(stretch)))
        flat = laid_flat(weights, border, outline, inside)
    return flat


def _outline(points: Floats, border: Integers) -> Floats:
    """Place the border by its length on a rounded square, the middle of the neck at the bottom.

    A strictly convex curve (|x|^p + |y|^p = 1), so that no triangle at the border is squeezed to a line.
    """
    closed = np.concatenate([border, border[:1]])
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points[closed], axis=0), axis=1))])
    share = length[:-1] / length[-1]
    bottom = share[int(points[border, 2].argmax())]  # the front of the neck
    angle = 2 * np.pi * (share - bottom) - np.pi / 2
    exponent = 2 / 3.5
    x, y = np.cos(angle), np.sin(angle)
    return np.stack([np.sign(x) * np.abs(x) ** exponent, np.sign(y) * np.abs(y) ** exponent], axis=1)


def _stretch(points: Floats, position: Floats, triangles: Integers) -> Floats:
    """Mean stretch of the triangles around each point: root of surface area over area in the texture."""
    corner, flat = points[triangles], position[triangles]
    area = np.linalg.norm(np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), axis=1)
    first, second = flat[:, 1] - flat[:, 0], flat[:, 2] - flat[:, 0]
    flat_area = np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0])
    ratio = np.sqrt(area / np.maximum(flat_area, 1e-14))
    total, weight = np.zeros(len(points)), np.zeros(len(points))
    for column in range(3):
        np.add.at(total, triangles[:, column], ratio * area)
        np.add.at(weight, triangles[:, column], area)
    return total / np.maximum(weight, 1e-20)
