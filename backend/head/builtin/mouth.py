"""Inside of the mouth: bag, teeth and tongue."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ...contract.arrays import Floats, Integers
from .builder import Builder
from .topology import ring_strip

BAG = ((0.0022, 0.0014, 0.99), (0.006, 0.006, 0.985), (0.014, 0.013, 0.97), (0.032, 0.017, 0.84))
"""Depth behind the lips, half height, and width as share of the lips', of the bag's rings."""
BAG_END = 0.050
ARCH_COLUMNS = 29
TOOTH_WIDTHS = (8.6, 6.6, 7.6, 7.0, 7.0)
"""Upper teeth from the middle outwards, millimetres (Wheeler's Dental Anatomy)."""


def add_bag(builder: Builder, rim: Integers) -> list[Integers]:
    """Add the mouth bag behind the inner lips (40,) and return its rings, the rim first."""
    lips = builder.points[rim]
    half_width = np.abs(lips[:, 0]).max()
    bow = np.sqrt(np.clip(1 - (lips[:, 0] / half_width) ** 2, 0, 1))
    sign = np.r_[0.0, -np.ones(19), 0.0, np.ones(19)]
    rings = [rim]
    for depth, height, width in BAG:
        points = lips.copy()
        points[:, 0] *= width
        points[:, 1] += sign * height * bow**0.8
        points[:, 2] -= depth
        ring = builder.add("mouth_bag", points)
        builder.connect("mouth_bag", ring_strip(rings[-1], ring, builder.points))
        rings.append(ring)
    end = builder.add("mouth_bag", np.array([[0.0, lips[:, 1].mean(), lips[:, 2].max() - BAG_END]]))
    last = rings[-1]
    builder.connect("mouth_bag", np.stack([last, np.roll(last, -1), np.full(len(last), end[0])], 1))
    return rings


CARRIED = (0.92, 0.70, 0.30, 0.0)
"""How far the bag's rings go along with the lips."""


def carry_bag(rings: Integers, displacement: Floats) -> None:
    """Move the bag's rings (R, 40) with the lips, less and less inwards; written into `displacement` (V, 3)."""
    for ring, share in zip(rings[1:], CARRIED, strict=True):
        displacement[ring] = share * displacement[rings[0]]


def add_teeth(builder: Builder, front: Floats, *, upper: bool) -> Integers:
    """Add a row of teeth whose front edge is `front` (3,); returns its vertices, rows of 29 (5 above, 4 below)."""
    name = "upper_teeth" if upper else "lower_teeth"
    scale = 1.0 if upper else 0.93
    angle = np.linspace(-1.0, 1.0, ARCH_COLUMNS) * np.radians(86.0)
    arch = np.stack([0.0255 * scale * np.sin(angle), np.zeros(ARCH_COLUMNS), -0.034 * (1 - np.cos(angle))], 1)
    normal = np.stack([np.sin(angle), np.zeros(ARCH_COLUMNS), np.cos(angle)], 1)
    gap = 0.5 - 0.5 * np.cos(2 * np.pi * _tooth_phase(arch, scale))
    sign = 1.0 if upper else -1.0
    rows = []
    profile = ((9.5, -0.2, 0.0), (6.0, 0.9, 0.5), (0.4, 0.5, 0.35), (0.4, -1.0, 0.2), (8.0, -4.0, 0.0))
    for height, out, scallop in profile if upper else profile[:-1]:
        row = arch + normal * (out - scallop * (1 - gap)[:, None]) / 1000.0
        row[:, 1] = sign * (height + (0.5 * (1 - gap) if height < 1 else 0.0)) / 1000.0
        rows.append(builder.add(name, row + front))
    for one, two in pairwise(rows):
        strip = ring_strip(one, two, builder.points, closed=False)
        builder.connect(name, strip[:, ::-1] if upper else strip)
    return np.concatenate(rows)


def _tooth_phase(arch: Floats, scale: float) -> Floats:
    """Return, per column of the arch, the place within its tooth: 0 and 1 at gaps."""
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(arch, axis=0), axis=1))])
    from_middle = np.abs(length - length[-1] / 2) * 1000.0
    gaps = np.concatenate([[0.0], np.cumsum(TOOTH_WIDTHS)]) * scale
    return np.interp(from_middle, gaps, np.arange(len(gaps)), right=float(len(gaps) - 1)) % 1.0


def add_tongue(builder: Builder, tip: Floats, rows: int = 7, columns: int = 7) -> Integers:
    """Add a tongue whose tip is at `tip` (3,); a dome open at its root. Returns its vertices, rows from the tip."""
    length, width, height = 0.042, 0.0175, 0.006
    along = np.linspace(0.0, 1.0, rows)
    across = np.linspace(-1.0, 1.0, columns) * np.radians(125.0)
    points = np.empty((rows, columns, 3))
    for row, s in enumerate(along):
        taper = np.sqrt(1 - (1 - min(s / 0.45 + 0.04, 1.0)) ** 2)
        points[row, :, 0] = width * taper * np.sin(across) * np.where(np.abs(across) > np.pi / 2, 0.97, 1.0)
        points[row, :, 1] = height * (0.35 + 0.65 * taper) * np.cos(across) + 0.006 * np.sin(np.pi * s * 0.8)
        points[row, :, 1] -= 0.0012 * np.exp(-((points[row, :, 0] / 0.003) ** 2)) * taper
        points[row, :, 2] = -length * s
    grid = builder.add("tongue", points.reshape(-1, 3) + tip).reshape(rows, columns)
    for one, two in pairwise(grid):
        builder.connect("tongue", ring_strip(one, two, builder.points, closed=False))
    return grid.ravel()
