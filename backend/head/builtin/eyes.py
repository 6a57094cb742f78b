"""Eyeballs and the inside of the lids."""

from __future__ import annotations

import numpy as np

from ...contract.arrays import Floats, Integers
from .builder import Builder
from .dimensions import EYE_CENTRE, EYE_RADIUS, IRIS_RADIUS, LID_INNER_RADIUS, LID_WITHIN_RADIUS, PUPIL_RADIUS
from .topology import ring_strip

SEGMENTS = 32
CORNEA_HEIGHT = 0.0007
RING_RADII = (0.0010, PUPIL_RADIUS, 0.0036, 0.0048, IRIS_RADIUS, 0.0068, 0.0082)
"""Distance from the axis of the rings in front; the other ten are evenly spaced to the back pole."""
RINGS = 17
IRIS_RING = RING_RADII.index(IRIS_RADIUS)


def eyeball(side: float) -> tuple[Floats, Integers]:
    """Return points (546, 3) and triangles (F, 3) of the left (side 1) or right (-1) eyeball.

    Vertex 0 is the front pole, 1 + 32 r + s segment s of ring r (0 towards the subject's left, counter-clockwise from
    the front for the left eye and mirrored for the right), the last vertex the back pole.
    """
    front = np.arcsin(np.array(RING_RADII) / EYE_RADIUS)
    back = np.linspace(front[-1], np.pi, RINGS - len(front) + 2)[1:-1]
    polar = np.concatenate([front, back])
    turn = 2 * np.pi * np.arange(SEGMENTS) / SEGMENTS
    around = np.stack([np.cos(turn), np.sin(turn), np.zeros(SEGMENTS)], 1)
    rings = np.sin(polar)[:, None, None] * around[None] + np.cos(polar)[:, None, None] * np.array([0.0, 0.0, 1.0])
    rings = EYE_RADIUS * rings
    rings[..., 2] += _cornea(np.hypot(rings[..., 0], rings[..., 1])) * (rings[..., 2] > 0)
    poles = np.array([[0.0, 0.0, EYE_RADIUS + CORNEA_HEIGHT], [0.0, 0.0, -EYE_RADIUS]])
    points = np.concatenate([poles[:1], rings.reshape(-1, 3), poles[1:]])
    ring = [np.arange(1 + r * SEGMENTS, 1 + (r + 1) * SEGMENTS) for r in range(RINGS)]
    following = [np.roll(r, -1) for r in ring]
    cap = np.stack([np.zeros(SEGMENTS, np.int64), ring[0], following[0]], 1)
    end = np.stack([np.full(SEGMENTS, len(points) - 1), following[-1], ring[-1]], 1)
    body = [ring_strip(ring[r + 1], ring[r], points) for r in range(RINGS - 1)]
    triangles = np.concatenate([cap, *body, end])
    if side < 0:
        return points * (-1.0, 1.0, 1.0) + EYE_CENTRE * (-1.0, 1.0, 1.0), triangles[:, ::-1].copy()
    return points + EYE_CENTRE, triangles


def _cornea(radius: Floats) -> Floats:
    """Return how far the cornea stands out of the sphere at a distance from the axis."""
    return CORNEA_HEIGHT * np.clip(1 - (radius / (IRIS_RADIUS * 1.1)) ** 2, 0, None) ** 1.5


def add_socket(builder: Builder, rim: Integers, side: float) -> list[Integers]:
    """Add the lids' margins and inner sides behind a rim (32,) and return the rings from the rim inwards."""
    centre = EYE_CENTRE * (side, 1.0, 1.0)
    edge = builder.points[rim] - centre
    direction = edge / np.linalg.norm(edge, axis=1, keepdims=True)
    middle = direction.mean(axis=0) / np.linalg.norm(direction.mean(axis=0))
    rings = [rim]
    part = "left_socket" if side > 0 else "right_socket"
    corner = np.zeros(len(rim))
    corner[[0, 1, 2, 30, 31]] = corner[[16, 17, 18, 14, 15]] = (1.0, 0.6, 0.2, 0.2, 0.6)
    for turn, radius, tuck in (
        (0.98, LID_INNER_RADIUS, 0.07),
        (1.10, LID_WITHIN_RADIUS, 0.05),
        (1.42, LID_WITHIN_RADIUS, 0.0),
    ):
        inner = radius - 0.0004 * (radius > LID_WITHIN_RADIUS) * corner[:, None]
        ring = builder.add(part, centre + inner * _turned(middle, direction, turn - tuck * corner))
        builder.connect(part, ring_strip(rings[-1], ring, builder.points))
        rings.append(ring)
    return rings


def _turned(middle: Floats, direction: Floats, factor: Floats) -> Floats:
    """Return directions (N, 3) at `factor` (N,) times their angle from `middle`, at most 105 degrees."""
    cosine = direction @ middle
    sideways = direction - cosine[:, None] * middle
    sideways /= np.linalg.norm(sideways, axis=1, keepdims=True)
    angle = np.minimum(np.arccos(np.clip(cosine, -1, 1)) * factor, np.radians(105.0))
    return np.cos(angle)[:, None] * middle + np.sin(angle)[:, None] * sideways
