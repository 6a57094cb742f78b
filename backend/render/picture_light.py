"""Spherical-harmonic light and albedo codes of a head in one picture, by robust linear least squares.

As DECA has it: colour (0..1, the picture's own curve) = albedo x sum of factor_k basis_k(normal) light_k, with normals
in the head's own axes. What is scaled between albedo and light cannot be told apart in one picture: the albedo keeps
to its prior, so the light takes the exposure.

There is a second solver, `lighting.light_solver`, because that one answers another question: it finds the light that a
whole clip shares, in linear light and camera axes, each frame's gain, and the colours of points that no albedo space
has. This one answers for one picture as readers of DECA's and FLAME's texture codes expect it, in the picture's own
curve and the head's axes, and cannot tell gain from light.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Array, Floats
from ..contract.camera import Intrinsics, project
from ..contract.shading import light_terms
from ..head.albedo.code_space import AlbedoSpace
from ..raster.normals import vertex_normals
from ..raster.rasterizer import NEAR
from ..raster.rasterizer_numba import NumbaRasterizer
from ..raster.visibility import PICTURE_LIGHT, is_unobstructed, view_cosines

_PI: Final = np.pi
FACTORS: Final = np.array(
    [
        1 / np.sqrt(4 * _PI),
        *[2 * _PI / 3 * np.sqrt(3 / (4 * _PI))] * 3,
        *[_PI / 4 * 3 * np.sqrt(5 / (12 * _PI))] * 3,
        _PI / 4 * 3 / 2 * np.sqrt(5 / (12 * _PI)),
        _PI / 4 / 2 * np.sqrt(5 / (4 * _PI)),
    ]
)
"""Cosine-weighted normalisation of the nine functions (yfeng95/DECA, decalib/utils/renderer.py, add_SHlight)."""

_ROUNDS: Final = 6
_NOISE: Final = 0.03
"""Residual of a colour that counts as large: texture of skin and compression give about half of it."""
_LIGHT_SIGMA: Final = np.array([3.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.5])
"""How large the coefficients of light may become, in units of the light that shows the albedo as it is."""
_COLOUR_SIGMA: Final = np.array([1.0, 0.06, 0.06, 0.06, 0.03, 0.03, 0.03, 0.03, 0.03])
"""How far those of one colour may lie from the mean of all."""


@dataclass(frozen=True)
class Lit:
    """Light and albedo of one picture.

    Attributes:
        light: (9, 3).
        code: Coefficients of the albedo space (N,).
        albedo: Of every vertex (V, 3), 0..1.
        error: Root mean square of the colours' residuals over visible skin, 0..1.
        samples: How many vertices were seen.
    """

    light: Floats
    code: Floats
    albedo: Floats
    error: float
    samples: int


def basis(normals: Array) -> Floats:
    """Return the nine functions times their factors (V, 9) for unit normals (V, 3) in head axes."""
    return np.asarray(light_terms(normals) * FACTORS, dtype=np.float64)


def shaded(lit: Lit, normals: Array) -> Floats:
    """Return the colours of all vertices (V, 3), not clipped."""
    return np.asarray(lit.albedo * (basis(normals) @ lit.light), dtype=np.float64)


def estimate_light(
    picture: NDArray[np.uint8],
    intrinsics: Intrinsics,
    vertices: Floats,
    faces: Array,
    rotation: Floats,
    translation: Floats,
    space: AlbedoSpace,
    skin: Array,
    code: Floats | None = None,
) -> Lit:
    """Return light and albedo that explain the visible skin of a picture.

    Args:
        picture: RGB.
        intrinsics: Its camera.
        vertices: Head space (V, 3).
        faces: (F, 3).
        rotation, translation: Head to camera.
        space: What the albedo may be.
        skin: Vertices whose colour counts.
        code: Coefficients of the albedo where they are known; only the light is solved for then.
    """
    in_camera = vertices @ rotation.T + translation
    normals = vertex_normals(vertices, faces)
    skin = np.asarray(skin)
    points = in_camera[skin]
    depth = NumbaRasterizer(threads=1).rasterize(in_camera, faces, intrinsics).depth
    visible = is_unobstructed(points, project(points, intrinsics, nearest=NEAR), depth, PICTURE_LIGHT)
    seen = skin[visible & (view_cosines(points, normals[skin] @ rotation.T) > PICTURE_LIGHT.hidden)]
    colours = _colours(picture, project(in_camera[seen], intrinsics))
    # Blown-out and black pixels say little of the light.
    inside = (colours.max(axis=1) < 0.985) & (colours.min(axis=1) > 0.01)
    seen, colours = seen[inside], colours[inside]
    if len(seen) < 30:
        neutral = np.zeros((9, 3))
        neutral[0] = 1 / FACTORS[0]
        known = np.zeros(space.modes) if code is None else code
        return Lit(neutral, known, space.albedo(known), float("nan"), len(seen))
    return _solved(colours, basis(normals[seen]), seen, space, code)


def _colours(picture: NDArray[np.uint8], pixels: Floats) -> Floats:
    smooth = cv2.GaussianBlur(picture, (0, 0), 1.0)
    x, y = pixels[:, :1].astype(np.float32), pixels[:, 1:].astype(np.float32)
    found = cv2.remap(smooth, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return found.reshape(-1, 3).astype(np.float64) / 255


def _solved(colours: Floats, functions: Floats, seen: Array, space: AlbedoSpace, known: Floats | None) -> Lit:
    """Alternate between light for a given albedo and albedo for a given light; each is linear."""
    code = np.zeros(space.modes) if known is None else known
    light = np.zeros((9, 3))
    weights, size = np.ones(len(seen)), np.zeros(len(seen))
    exposure = np.maximum(np.median(colours, axis=0) / space.mean[seen].mean(axis=0), 1e-3)
    for _ in range(_ROUNDS):
        light = _light(colours, functions, space.albedo(code, seen), weights, exposure)
        shading = functions @ light
        if known is None:
            code = space.solved(colours, shading, weights, seen, _NOISE)
        residual = colours - space.albedo(code, seen) * shading
        size = np.linalg.norm(residual, axis=1) / np.sqrt(3)
        weights = 1 / (1 + (size / (2 * _NOISE)) ** 2) ** 2
    error = float(np.sqrt(np.average(size**2, weights=weights)))
    return Lit(light, code, space.albedo(code), error, len(seen))


def _light(colours: Floats, functions: Floats, albedo: Floats, weights: Floats, exposure: Floats) -> Floats:
    """Light of one colour from everywhere first, then the colours' deviations from it, which must be worth it.

    Without that the side that is not seen takes any colour that helps the seen one a little.
    """
    unit = 1 / FACTORS[0]
    prior = np.zeros(9)
    prior[0] = unit
    design = functions * albedo.mean(axis=1, keepdims=True)
    grey = _ridge(design, (colours / exposure).mean(axis=1), weights, _LIGHT_SIGMA * unit, prior)
    light = np.empty((9, 3))
    for channel in range(3):
        own = functions * albedo[:, channel, None]
        sigma = _COLOUR_SIGMA * unit * exposure[channel]
        light[:, channel] = _ridge(own, colours[:, channel], weights, sigma, grey * exposure[channel])
    return light


def _ridge(design: Floats, values: Floats, weights: Floats, sigma: Floats, mean: Floats) -> Floats:
    # Neighbouring vertices are not independent: a tenth of them would say as much.
    weighted = 0.1 * design * weights[:, None] / _NOISE**2
    normal = weighted.T @ design + np.diag(1 / sigma**2)
    return np.linalg.solve(normal, weighted.T @ values + mean / sigma**2)
