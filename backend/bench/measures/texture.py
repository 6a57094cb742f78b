"""Faults of a baked texture that people see, in numbers: glowing patches, and pale rims at hair and jaw."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from ...contract.arrays import Array
from ...contract.track import Track
from ...render.srgb import linear_from_srgb
from ...render.texture import texels
from ...texture.bake import TexelLayout
from ...texture.inpaint import at_vertices

HUE: Final = 0.25
"""Distance of the hue from the middle of the skin, as logarithms of linear light, from which on a patch glows."""
BRIGHT: Final = 0.7
"""The same for brightness: twice the skin's."""
DARK: Final = -0.5
"""Darker places (stubble, nostrils) do not glow, whatever their hue."""
RIM: Final = 0.008
"""Metres beside the border of a region that are its rim."""
INNER: Final = 0.02
"""Metres up to which lies what a rim is compared with."""
_OTHER: Final = ("lip", "brow", "lid", "eyeball", "iris", "mouth", "teeth", "tongue")


def glowing(picture: NDArray[np.uint8], track: Track) -> float:
    """Return the share of the face's bare skin (without lips, brows and lids) that glows, 0..1.

    Args:
        picture: The texture, sRGB (S, S, 3).
        track: Whose head it belongs to.
    """
    colour = _of_vertices(picture, track)[_bare(track)]
    away = np.log(colour + 1e-3) - np.log(np.median(colour, axis=0) + 1e-3)
    light = away.mean(axis=1)
    hue = np.linalg.norm(away - light[:, None], axis=1)
    return float((((hue > HUE) & (light > DARK)) | (light > BRIGHT)).mean())


def hue_error(picture: NDArray[np.uint8], track: Track) -> float:
    """Return the largest distance of the hue of bare skin from its middle that 5 % exceed; arguments as `glowing`."""
    colour = _of_vertices(picture, track)[_bare(track)]
    away = np.log(colour + 1e-3) - np.log(np.median(colour, axis=0) + 1e-3)
    return float(np.quantile(np.linalg.norm(away - away.mean(axis=1, keepdims=True), axis=1), 0.95))


def pale_rim(picture: NDArray[np.uint8], track: Track, beyond: str) -> float:
    """Return by what share the rim of the face is brighter than both its sides, mean over the rim.

    Args:
        picture: The texture, sRGB (S, S, 3).
        track: Whose head it belongs to.
        beyond: Region on the other side: `scalp` or `neck`.
    """
    bright = np.log(_of_vertices(picture, track).mean(axis=1) + 1e-3)
    points, skin = track.neutral_vertices.astype(np.float64), _bare(track)
    outside = np.setdiff1d(track.regions.get(beyond, np.zeros(0, np.int64)), track.regions.get("face", ()))
    if len(outside) == 0 or not skin.any():
        return 0.0
    inside = np.flatnonzero(skin)
    away = KDTree(points[outside]).query(points[inside])[0]
    rim, inner = inside[away < RIM], inside[(away >= RIM) & (away < INNER)]
    if len(rim) == 0 or len(inner) == 0:
        return 0.0
    sides = [bright[group][KDTree(points[group]).query(points[rim], k=4)[1]].mean(axis=1) for group in (outside, inner)]
    return float(np.expm1(np.maximum(bright[rim] - np.maximum(*sides), 0)).mean())


def _bare(track: Track) -> NDArray[np.bool_]:
    """Return which vertices (V,) are bare skin of the face."""
    skin = np.zeros(len(track.neutral_vertices), dtype=bool)
    skin[track.regions.get("face", np.zeros(0, np.int64))] = True
    for name, vertices in track.regions.items():
        if any(word in name for word in _OTHER):
            skin[vertices] = False
    return skin


def _of_vertices(picture: NDArray[np.uint8], track: Track) -> Array:
    """Return the linear colour around each vertex (V, 3)."""
    size = len(picture)
    layout = TexelLayout(texels(track.uv.astype(np.float64), track.uv_faces.astype(np.int32), size), track.faces)
    seen = np.ones((size, size), dtype=np.float32)
    return at_vertices(linear_from_srgb(picture), seen, layout.raster, track.faces, len(track.neutral_vertices))[0]
