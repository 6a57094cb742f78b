"""Landmarks that a person would pick on MakeHuman's base mesh, as positions in its front and side view."""

from __future__ import annotations

import numpy as np
from makehuman import MakeHuman

PICKED = {
    33: (-0.0445, 0.730), 133: (-0.0165, 0.7285), 159: (-0.0315, 0.7335), 145: (-0.0315, 0.7240),
    78: (-0.0265, 0.6605), 0: (0.0, 0.668), 13: (0.0, 0.6610), 14: (0.0, 0.6597), 17: (0.0, 0.6480),
    1: (0.0, 0.690), 129: (-0.0175, 0.689), 2: (0.0, 0.680), 152: (0.0, 0.618), 105: (-0.035, 0.747), 168: (0.0, 0.735),
}  # fmt: skip
"""Landmark of the right half or the middle -> x and y on the front of the head, metres."""
MIRRORED = {33: 263, 133: 362, 159: 386, 145: 374, 78: 308, 129: 358, 105: 334, 234: 454}
TRAGUS = (0.055, 0.712)
"""z and y of landmark 234 on the side of the head."""


def triangles(head: MakeHuman, *groups: str) -> np.ndarray:
    """Triangles (F, 3) of groups."""
    polygons = [polygon for group in groups for polygon in head.polygons[group]]
    return np.array([(each[0], each[i], each[i + 1]) for each in polygons for i in range(1, len(each) - 1)])


def picked_landmarks(head: MakeHuman) -> dict[int, tuple[int, np.ndarray]]:
    """Landmark -> nearest vertex and position, on the skin."""
    faces = triangles(head, "body")
    found = {}
    for number, (x, y) in PICKED.items():
        found[number] = _nearest_hit(head.vertices, faces, np.array([x, y]))
        if number in MIRRORED:
            found[MIRRORED[number]] = _nearest_hit(head.vertices, faces, np.array([-x, y]))
    for number, sign in ((234, -1.0), (454, 1.0)):
        turned = head.vertices[:, [2, 1, 0]] * (1.0, 1.0, sign)
        vertex, position = _nearest_hit(turned, faces, np.array(TRAGUS))
        found[number] = vertex, position[[2, 1, 0]] * (sign, 1.0, 1.0)
    return found


def _nearest_hit(vertices: np.ndarray, faces: np.ndarray, at: np.ndarray) -> tuple[int, np.ndarray]:
    """First point of the mesh that a ray along -z through x and y meets, and the vertex nearest to it."""
    corner = vertices[faces]
    one, two = corner[:, 1, :2] - corner[:, 0, :2], corner[:, 2, :2] - corner[:, 0, :2]
    offset = at - corner[:, 0, :2]
    area = one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]
    area = np.where(np.abs(area) < 1e-14, np.nan, area)
    v = (offset[:, 0] * two[:, 1] - offset[:, 1] * two[:, 0]) / area
    w = (one[:, 0] * offset[:, 1] - one[:, 1] * offset[:, 0]) / area
    weights = np.stack([1 - v - w, v, w], axis=1)
    depth = np.where((weights >= -1e-9).all(axis=1), np.einsum("fk,fk->f", weights, corner[..., 2]), -np.inf)
    hit = int(np.nanargmax(depth))
    return int(faces[hit, weights[hit].argmax()]), weights[hit] @ corner[hit]
