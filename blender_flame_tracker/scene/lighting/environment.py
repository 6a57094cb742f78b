"""The light of a clip as an environment: radiance from all around that shades matt skin as the harmonics do. No bpy.

A camera sees light only by what it does to the skin: nine harmonics per colour of the shading (`contract.shading`). A
world of Blender's is radiance, and never negative. Of all such radiance that shades alike, a smooth one is chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ....backend.contract.shading import light_terms

WIDTH: Final = 64
HEIGHT: Final = 32
"""Pixels of the picture: light that shades in nine harmonics has no finer detail."""

_LOBES: Final = 200
_SHARPNESS: Final = 14.0
"""Of a lobe exp(k (cos a - 1)): as wide as the lobes are apart, about a quarter of a radian."""
_NORMALS: Final = 320
_AWAY: Final = 0.2
"""Weight of normals that point away from the camera: nobody saw what light they get."""
_SMOOTHNESS: Final = 2e-4
_SWEEPS: Final = 250

Array = NDArray[np.float64]


@dataclass(frozen=True)
class EnvironmentMap:
    """Radiance from all around, in the axes of Blender's camera (x right, y up, z towards the viewer).

    Attributes:
        radiance: Linear RGB (HEIGHT, WIDTH, 3), never negative; as Blender's equirectangular pictures lie, the lowest
            row first.
        error: Greatest difference of the shading from that of the harmonics on normals that the camera can see, as a
            share of their mean shading.
    """

    radiance: NDArray[np.float32]
    error: float


def environment_of(coefficients: NDArray[Any]) -> EnvironmentMap:
    """Return an environment whose diffuse shading is that of the harmonics (9, 3), as nearly as positive light can.

    The shading of a matt surface is the mean of the radiance over its hemisphere, weighted with the cosine: radiance
    is sought as a sum of lobes by least squares with none of them negative.
    """
    directions, solid_angle = _pixels()
    lobes = np.exp(_SHARPNESS * (directions @ directions_around(_LOBES).T - 1))
    normals = directions_around(_NORMALS)
    cosine = np.maximum(normals @ directions.T, 0) * (solid_angle / np.pi)
    shading = cosine @ lobes
    wanted: Array = np.maximum(light_terms(_to_contract(normals)) @ np.asarray(coefficients, dtype=np.float64), 0)
    seen = normals[:, 2] > -0.2
    weight = np.where(seen, 1.0, _AWAY)
    strength = _positive_least_squares(shading * weight[:, None], wanted * weight[:, None])
    difference = np.abs(shading @ strength - wanted)[seen].max()
    radiance = (lobes @ strength).reshape(HEIGHT, WIDTH, 3).astype(np.float32)
    return EnvironmentMap(radiance, float(difference / max(wanted[seen].mean(), 1e-9)))


def directions_around(count: int) -> Array:
    """Return directions (count, 3) spread evenly over the sphere, on a spiral (Fibonacci lattice)."""
    number = np.arange(count) + 0.5
    z = 1 - 2 * number / count
    azimuth = np.pi * (1 + 5**0.5) * number
    radius = np.sqrt(1 - z * z)
    directions = np.stack([radius * np.cos(azimuth), radius * np.sin(azimuth), z], axis=1)
    return np.asarray(directions, dtype=np.float64)


def radiance_towards(towards: Array, radiance: NDArray[Any]) -> Array:
    """Return the mean radiance (N, 3) of a picture (HEIGHT, WIDTH, 3) about directions (N, 3) that share the sphere."""
    directions, solid_angle = _pixels()
    nearest = np.argmax(directions @ towards.T, axis=1)
    weight = np.where(nearest[:, None] == np.arange(len(towards)), solid_angle[:, None], 0.0)
    return np.asarray(weight.T @ np.asarray(radiance, dtype=np.float64).reshape(-1, 3) / weight.sum(axis=0)[:, None])


def _pixels() -> tuple[Array, Array]:
    """Directions (P, 3) of the pixels, row by row from below, and their solid angles (P,).

    As Cycles reads such pictures: across, 0.5 - atan2(y, x) / 2 pi; upwards, 1 - acos(z) / pi.
    """
    across = (np.arange(WIDTH) + 0.5) / WIDTH
    up = (np.arange(HEIGHT) + 0.5) / HEIGHT
    azimuth, polar = 2 * np.pi * (0.5 - across), np.pi * (1 - up)
    polar, azimuth = np.meshgrid(polar, azimuth, indexing="ij")
    directions = np.stack([np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth), np.cos(polar)], axis=-1)
    edges = np.cos(np.pi * np.arange(HEIGHT + 1) / HEIGHT)
    solid_angle = np.repeat((edges[:-1] - edges[1:]) * 2 * np.pi / WIDTH, WIDTH)
    return np.asarray(directions.reshape(-1, 3), dtype=np.float64), solid_angle


def _to_contract(directions: Array) -> Array:
    """From the axes of Blender's camera to the contract's: y down, z forward."""
    return directions * np.array([1.0, -1.0, -1.0])


def _positive_least_squares(matrix: Array, wanted: Array) -> Array:
    """Return x >= 0 (N, C) for which `matrix` (M, N) @ x is nearest to `wanted` (M, C), by coordinate descent."""
    normal = matrix.T @ matrix
    normal[np.diag_indices_from(normal)] += _SMOOTHNESS * np.trace(normal)
    right = matrix.T @ wanted
    result = np.zeros_like(right)
    for _sweep in range(_SWEEPS):
        for index in range(len(result)):
            step = (right[index] - normal[index] @ result) / normal[index, index]
            result[index] = np.maximum(result[index] + step, 0)
    return result
