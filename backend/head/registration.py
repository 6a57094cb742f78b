"""Fits MediaPipe's face mesh to the face of a template by its geometry."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from .geometry import eyeballs, fitted_sphere
from .model import Floats, Integers


@lru_cache(maxsize=1)
def neutral_face() -> Floats:
    """Return MediaPipe's 468 landmarks of a neutral face, metres, origin between the eyes (see the file's own words)."""
    return np.loadtxt(Path(__file__).parent / "builtin" / "neutral_face.csv", delimiter=",") / 1000


def registered_face(template: Floats, faces: Integers) -> Floats:
    """Return the 468 landmarks (468, 3) placed on a template (V, 3), metres."""
    left, right = eyeballs(template, faces)
    left_centre, left_radius = fitted_sphere(template[left])
    right_centre, _ = fitted_sphere(template[right])
    scale = np.linalg.norm(left_centre - right_centre) / 0.063
    middle = (left_centre + right_centre) / 2 + [0, 0, left_radius]
    return neutral_face() * scale + middle
