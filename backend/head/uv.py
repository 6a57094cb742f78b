"""A texture unwrap for heads that bring none: a cylinder around the head with its seam at the back, eyeballs apart."""

from __future__ import annotations

import numpy as np

from .geometry import eyeballs, fitted_sphere
from .model import Floats, Integers


def unwrap_head(template: Floats, faces: Integers) -> tuple[Floats, Integers]:
    """Return texture coordinates (U, 2), v upwards, and their index per corner (F, 3)."""
    left, right = eyeballs(template, faces)
    uv = np.zeros((len(template), 2))
    centre = template[: min(left.min(), right.min())].mean(axis=0)
    angle = np.arctan2(template[:, 0] - centre[0], template[:, 2] - centre[2])
    low, high = template[:, 1].min(), template[:, 1].max()
    uv[:, 0] = 0.5 + angle / (2 * np.pi)
    uv[:, 1] = (template[:, 1] - low) / (high - low) * 0.8
    for ball, place in ((left, 0.3), (right, 0.7)):
        middle, radius = fitted_sphere(template[ball])
        uv[ball] = [place, 0.9] + (template[ball] - middle)[:, :2] / radius * 0.08
    return uv, faces
