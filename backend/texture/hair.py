"""Colours of the hair in a clip: it stands off the head, so they are read where the mesh is and outside of it.

A face that is filmed from the front shows next to nothing of its scalp at an angle that a texture is taken from, but
the outline of its hair is in every frame. The person's outline tells hair from what is behind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Array, Singles
from ..contract.camera import Intrinsics, project
from ..contract.failure import Failure
from ..data.context import Context
from ..landmarks.networks import Network, find_networks
from ..lighting.plausible_light import believed_light
from ..parsing.parser import person_share, whole_square
from ..raster.normals import vertex_normals
from ..raster.rasterizer import NEAR
from ..raster.rasterizer_numba import NumbaRasterizer
from ..raster.visibility import HAIR, is_unobstructed

Person = Callable[[NDArray[np.uint8]], Singles]
"""From an RGB picture (H, W, 3) of a head to how surely each pixel is the person (H, W), 0..1."""

STANDS_OFF: Final = (0.0, 0.006, 0.012, 0.018)
"""Metres outside the scalp at which hair is looked for: short hair to a full head."""
_ASIDE: Final = (-0.5, 0.3)
"""Cosine between normal and view between which the scalp makes the head's outline, off which hair stands."""
_SEEN_SIDE: Final = 0.4
"""Least cosine between the view and what is seen of a strand."""
_SURELY: Final = 0.9
_HAIRLINE: Final = 0.03
"""Metres from the scalp within which hair hangs over the forehead."""


def person_mask_of(context: Context) -> Person | None:
    """Return what tells a person from the background; None where mediapipe's network is not there."""
    files = find_networks("", context.models)
    if isinstance(files, Failure) or files.person is None:
        return None
    network = Network(files.person)

    def person(picture: NDArray[np.uint8]) -> Singles:
        return person_share(network, picture, [whole_square(picture)]).astype(np.float32)

    return person


def above_the_brows(template: Array, regions: Mapping[str, Array]) -> NDArray[np.bool_]:
    """Return which vertices (V,) lie as high as the forehead; none on a head that names none."""
    forehead = np.asarray(regions.get("forehead", np.zeros(0, dtype=np.int64)))
    if len(forehead) == 0:
        return np.zeros(len(template), dtype=bool)
    return template[:, 1] > template[forehead, 1].min()


def under_hair(template: Array, regions: Mapping[str, Array]) -> NDArray[np.bool_]:
    """Return the vertices (V,) that hair may cover: scalp and forehead near it, above the brows."""
    from scipy.spatial import KDTree

    scalp = np.asarray(regions.get("scalp", np.zeros(0, dtype=np.int64)))
    high = above_the_brows(template, regions)
    if len(scalp) == 0 or not high.any():
        return np.zeros(len(template), dtype=bool)
    return high & (KDTree(template[scalp]).query(template)[0] < _HAIRLINE)


class HairColours:
    """Colours of the scalp, or of what stands off it, from frames that show it at a low angle only."""

    def __init__(self, template: Array, faces: Array, regions: Mapping[str, Array]) -> None:
        """Take a head at rest (V, 3), metres, its triangles (F, 3) and its regions."""
        self._index = np.flatnonzero(under_hair(template, regions))
        self._faces = faces
        self._sum = np.zeros((len(template), 4))

    def add(self, picture: Singles, person: Singles, vertices: Array, camera: Intrinsics, light: Array) -> None:
        """Look at a frame.

        Args:
            picture: Linear (H, W, 3).
            person: How surely each pixel is the person (H, W).
            vertices: Of the head in camera axes (V, 3), metres.
            camera: Of the picture.
            light: Spherical harmonics times gain (9, 3).
        """
        normals = vertex_normals(vertices, self._faces)
        depth = NumbaRasterizer(threads=1).rasterize(vertices, self._faces, camera).depth
        positions, normal = vertices[self._index], normals[self._index]
        view = -positions / np.maximum(np.linalg.norm(positions, axis=1, keepdims=True), 1e-9)
        cosine = (view * normal).sum(axis=1)
        # What is seen of hair is turned to the camera a little, wherever the scalp below it looks.
        turned_normal = normal + np.maximum(_SEEN_SIDE - cosine, 0)[:, None] * view
        shade = believed_light(turned_normal / np.linalg.norm(turned_normal, axis=1, keepdims=True), light)
        for off in STANDS_OFF:
            points = positions + off * normal
            pixels = project(points, camera, nearest=NEAR)
            shown = is_unobstructed(points, pixels, depth, HAIR)
            column, row = np.where(shown[:, None], np.rint(pixels), 0).astype(int).T
            shown &= (cosine > 0) if off == 0 else (cosine > _ASIDE[0]) & (cosine < _ASIDE[1])
            shown &= person[row, column] > _SURELY
            visible = self._index[shown]
            self._sum[visible, :3] += picture[row[shown], column[shown]] / shade[shown]
            self._sum[visible, 3] += 1

    def mean(self) -> tuple[Array, Array]:
        """Return the colours (V, 3), and how often each was seen (V,)."""
        return self._sum[:, :3] / np.maximum(self._sum[:, 3:], 1), self._sum[:, 3]
