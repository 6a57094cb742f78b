"""The ears: rings around the ear canal, each spoke with its own profile over lobe, helix, antihelix, concha, tragus."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.interpolate import CubicSpline

from ...contract.arrays import Floats, Integers
from .builder import Builder
from .cranium import on_skull
from .dimensions import EAR_CENTRE
from .topology import halving_strip, ring_strip

LOOP_ANGLES = np.array([-50.0, -25.0, 0.0, 25.0, 50.0, 75.0, 105.0, 130.0, 155.0, 180.0, 205.0, 230.0, 260.0, 290.0])
"""Direction of the nodes of the hole's rim, degrees: 0 forward, 90 down, 180 back, 270 up."""
HOLE_RINGS = (0, 3)
HOLE_SPOKES = (6, 10)
TILT = np.radians(-14.0)

PROFILES: tuple[tuple[float, tuple[tuple[float, float], ...]], ...] = (
    (0, ((12, 0.5), (10.5, 1.2), (9, 2.5), (7.6, 4.4), (6.4, 5.8), (5.4, 5.8), (5.0, 4.6), (4.7, 3),
        (4.3, 0.6), (3.7, -2.0), (2.2, -4))),
    (45, ((17, 0.3), (16, 1), (15, 2), (14, 3.2), (13, 4), (12, 4.2), (10.5, 3.6), (9, 2.6),
        (7.5, 0.5), (5, -2), (2.5, -4))),
    (75, ((20, 0.2), (22, 1.5), (25, 3), (27, 4.5), (26.5, 6), (24, 7), (20, 7.0), (15.5, 7.8),
        (12, 5.5), (8, -0.5), (3, -4))),
    (105, ((17, 0), (20, 2), (24, 5), (28, 7), (28, 8.6), (25, 9), (20.5, 8.2), (15.2, 11),
        (11.8, 7.5), (7.5, -0.5), (3, -4))),
    (140, ((11, 0), (12.5, 4), (17, 8), (23.5, 12), (23.7, 14.4), (20.6, 14), (18.4, 10.2), (14.6, 13.4),
        (11.4, 8.5), (7.5, 0), (3, -4))),
    (180, ((9.5, 0), (11, 5), (16, 10), (22.5, 15.5), (22.4, 18), (19.2, 17.4), (17.4, 12.6), (13.8, 15.6),
        (10.8, 9), (7.5, 0), (3, -4))),
    (220, ((12, 0), (14, 5), (21, 10.5), (30, 16), (29.8, 18.6), (26, 18), (23.8, 12.8), (18.4, 15.4),
        (13.2, 8), (8.5, 0), (3.5, -4))),
    (255, ((18, 0), (20, 4), (27, 9), (35, 13.5), (34.8, 16.2), (30.4, 15.8), (27.4, 10.4), (21, 12),
        (14.2, 5.2), (8.5, 0), (3.5, -4))),
    (285, ((20, 0), (22, 3), (27, 6.5), (33, 10), (32.6, 12.8), (28.6, 12.4), (25.2, 6.4), (18.5, 7.0),
        (12.5, 3.2), (8, -0.5), (3.5, -4))),
    (315, ((18, 0), (18, 1.5), (19.5, 4), (21.5, 6.5), (20.8, 8.6), (18.2, 8.2), (15.4, 4.8), (12.5, 3.4),
        (9.5, 2.2), (7, -1), (3, -4))),
    (340, ((13.5, 0.3), (12.6, 1), (11.8, 2), (11, 3.2), (10.2, 4.4), (9.0, 4.6), (7.8, 3.8), (6.8, 3.2),
        (5.9, 1.8), (4.9, -1.2), (2.5, -4))),
)  # fmt: skip
"""Angle in degrees; then from the skin of the head over the back of the ear, the rim and the concha to the canal:
distance from the canal and height over the skull, millimetres."""
CANAL_DEPTH = -0.008
PROTRUSION = 0.82
"""Share of the table's heights over the skull."""


def ear_frame() -> tuple[Floats, Floats, Floats, Floats]:
    """Return the left ear's centre on the skull and its forward, downward and outward axes."""
    beside = np.asarray(EAR_CENTRE + np.array([0.08, 0.0, 0.0]), np.float64)
    centre = on_skull(beside[None], 20)[0]
    centre[1:] = EAR_CENTRE[1:]
    forward = np.array([0.0, -np.sin(TILT), np.cos(TILT)])
    down = np.array([0.0, -np.cos(TILT), -np.sin(TILT)])
    return centre, forward, down, np.array([1.0, 0.0, 0.0])


def hole_rim() -> Floats:
    """Return the nodes of the left hole's rim (14, 3), counter-clockwise from outside, from the upper front."""
    centre, forward, down, outward = ear_frame()
    first = _profile(LOOP_ANGLES)[:, 0, 0] + 0.004
    angle = np.radians(LOOP_ANGLES)[:, None]
    points = centre + first[:, None] * (np.cos(angle) * forward + np.sin(angle) * down)
    return on_skull(points + 0.004 * outward, 10)


def _profile(angles: Floats) -> Floats:
    """Return distance and height (N, rings, 2) in metres at angles in degrees, periodic cubic between the table's."""
    degrees = np.array([row[0] for row in PROFILES] + [360.0])
    values = np.array([row[1] for row in PROFILES] + [PROFILES[0][1]]) / 1000.0
    values[..., 1] *= np.where(values[..., 1] > 0, PROTRUSION, 1.0)
    return CubicSpline(degrees, values, bc_type="periodic")(angles % 360.0)


def ear_points() -> Floats:
    """Return the left ear (28 rings-major points per ring, then the canal's end) as (R * 28 + 1, 3)."""
    centre, forward, down, outward = ear_frame()
    after = np.roll(LOOP_ANGLES, -1)
    after[-1] += 360.0
    angles = np.stack([LOOP_ANGLES, (LOOP_ANGLES + after) / 2], 1).ravel()
    profile = _profile(angles)
    turn = np.radians(angles)
    direction = np.cos(turn)[:, None] * forward + np.sin(turn)[:, None] * down
    points = centre + profile[..., :1] * direction[:, None] + profile[..., 1:] * outward
    points = points.transpose(1, 0, 2)
    flat = on_skull(points[0] + 0.003 * outward, 10)
    lift = flat - points[0]
    for ring, share in enumerate((1.0, 0.6, 0.25)):
        points[ring] += share * lift
    end = centre + CANAL_DEPTH * outward
    return np.concatenate([points.reshape(-1, 3), end[None]])


def add_ear(builder: Builder, loop: Integers, side: float) -> Integers:
    """Add an ear inside the rim of its hole (14,), which runs as in `hole_rim` (mirrored for side -1)."""
    name = "left_ear" if side > 0 else "right_ear"
    indices = builder.add(name, ear_points() * (side, 1.0, 1.0))
    rings = indices[:-1].reshape(-1, 28)
    points = builder.points
    strips = [halving_strip(np.roll(rings[0][::-1], 1), np.roll(loop[::-1], 1))]
    strips += [ring_strip(one, two, points) for one, two in pairwise(rings)]
    strips.append(np.stack([rings[-1], np.roll(rings[-1], -1), np.full(28, indices[-1])], 1))
    triangles = np.concatenate(strips)
    builder.connect(name, triangles if side > 0 else triangles[:, ::-1])
    return indices
