"""Vertex groups of a head without a region file, from the geometry of its template.

Names are those of FLAME_masks.pkl (VHAP, flame.py). Borders are our own: simple rules in units of the eye distance.
"""

from __future__ import annotations

import numpy as np

from .geometry import boundary_loops, eyeballs, fitted_sphere
from .model import Floats, Integers


def derive_regions(template: Floats, faces: Integers) -> dict[str, Integers]:
    """Return region name -> vertices for a template (V, 3) with triangles (F, 3).

    Raises:
        MeshProblem: the mesh has no eyeballs, by which everything is measured.
    """
    left, right = eyeballs(template, faces)
    left_centre, _ = fitted_sphere(template[left])
    right_centre, _ = fitted_sphere(template[right])
    unit = float(np.linalg.norm(left_centre - right_centre)) / 0.063
    centre = (left_centre + right_centre) / 2
    skin = np.ones(len(template), dtype=bool)
    skin[left] = skin[right] = False
    x, y, z = ((template - centre) / unit).T
    face = skin & (z > -0.045 + 0.5 * np.abs(x) * (np.abs(x) > 0.05)) & (y > -0.115) & (y < 0.075) & (np.abs(x) < 0.072)
    neck = skin & (y < -0.075 - 0.45 * (z + 0.02)) & ~face
    regions = {
        "left_eyeball": left,
        "right_eyeball": right,
        "face": np.flatnonzero(face),
        "neck": np.flatnonzero(neck),
    }
    loops = boundary_loops(faces)
    if loops:
        regions["boundary"] = np.sort(min(loops, key=lambda loop: template[loop, 1].mean()))
    return regions
