"""Darkness inside a mouth, where light of nine terms would reach as it does the face."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..contract.arrays import Array
from ..raster.normals import vertex_normals

_FADING: Final = 0.028
"""Metres behind the foremost of them over which light falls to a third."""
_HOLLOW: Final = 1.6
"""How much darker a hollow is, by the mean sine at which its neighbours rise above it ..."""
_DARKEST: Final = 0.5
"""... and at most."""


def shade_in_mouth(template: Array, faces: Array, chosen: Array) -> Array:
    """Return how much of the light on the face reaches some vertices of teeth, tongue or cheeks (N,), 0..1.

    Args:
        template: Head at rest (V, 3), metres, looking along z.
        faces: (F, 3).
        chosen: Vertices (N,).
    """
    if len(chosen) == 0:
        return np.zeros(0)
    normals = vertex_normals(template, faces)
    edges = np.concatenate([faces[:, [i, j]] for i, j in ((0, 1), (1, 2), (2, 0), (1, 0), (2, 1), (0, 2))])
    along = template[edges[:, 1]] - template[edges[:, 0]]
    length = np.maximum(np.linalg.norm(along, axis=1), 1e-9)
    rising = (along * normals[edges[:, 0]]).sum(axis=1) / length
    count = len(template)
    hollow = np.bincount(edges[:, 0], rising, count) / np.maximum(np.bincount(edges[:, 0], minlength=count), 1)
    depth = template[chosen, 2].max() - template[chosen, 2]
    return np.exp(-depth / _FADING) * (1 - np.clip(_HOLLOW * hollow[chosen], 0, _DARKEST))
