"""The light on a face: spherical harmonics of bands 0 to 2 per colour, found together with the colour of the skin.

Axes are the camera's (x right, y down, z forward): the camera stands still or moves with its light. The harmonics carry
no factors: [1, x, y, z, x y, x z, y z, x² - y², 3 z² - 1] of the unit normal; brightness = colour × sum of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..contract.shading import LIGHT_TERMS as TERMS
from ..contract.shading import light_terms

Array = NDArray[Any]

_ROUNDS: Final = 6
_COLOUR_SPREAD: Final = 0.25
"""How far the logarithm of skin's colour strays from its mean: freckles, lips, brows; ties colour against light."""
_GAIN_SPREAD: Final = 0.15
"""How far the logarithm of a frame's exposure and white balance strays."""
_LIGHT_SPREAD: Final = np.array([1.0, 0.5, 0.5, 0.5, 0.08, 0.08, 0.08, 0.08, 0.05])
"""Size of each coefficient before looking, relative to the mean brightness: light has few fine shades."""


@dataclass(frozen=True)
class SkinLight:
    """Coefficients (9, 3), mean brightness on the face 1."""

    coefficients: Array

    def shade(self, normals: Array) -> Array:
        """Return the brightness (..., 3) where the unit normal (..., 3) points."""
        return light_terms(normals) @ self.coefficients


@dataclass(frozen=True)
class LightFit:
    """Light, the colour of each point (N, 3), and each frame's gain (T, 3) around 1."""

    light: SkinLight
    colour: Array
    gain: Array


def fit_light(value: Array, normals: Array, weight: Array) -> LightFit:
    """Find light and colours that explain what T frames show at N points of the skin.

    One after the other, each robustly and exactly: light from colours, gains, colours from light. The colour of the
    skin is held around its mean, or a face that hardly moves could keep its shadows as colour.

    Args:
        value: Linear brightness (T, N, 3).
        normals: Unit, camera axes (T, N, 3).
        weight: How well each is seen (T, N).
    """
    basis = light_terms(normals)
    middle = np.median(value[weight > 0.3], axis=0) if (weight > 0.3).any() else np.ones(3)
    colour = np.broadcast_to(middle, (value.shape[1], 3)).copy()
    gain = np.ones((len(value), 3))
    coefficients = np.zeros((TERMS, 3))
    coefficients[0] = 1
    robust = np.repeat(weight[..., None], 3, axis=2)
    for _ in range(_ROUNDS):
        coefficients = _light_of(value, basis, robust, colour, gain)
        shade = np.maximum(basis @ coefficients, 0.05)
        scale = np.average(shade.reshape(-1, 3), axis=0, weights=robust.reshape(-1, 3) + 1e-12)
        coefficients, shade = coefficients / scale, shade / scale
        gain = _gains(value, shade, robust, colour)
        ratio = np.log(np.maximum(value, 1e-4)) - np.log(shade) - np.log(gain)[:, None]
        colour = _colours(ratio, robust)
        error = ratio - np.log(colour)
        robust = weight[..., None] / (1 + (error / 0.15) ** 2)
    return LightFit(SkinLight(coefficients), colour, gain)


def _light_of(value: Array, basis: Array, weight: Array, colour: Array, gain: Array) -> Array:
    result = np.zeros((TERMS, 3))
    rows = basis.reshape(-1, TERMS)
    count = max(float((weight[..., 0] > 0.05).sum()), 1.0)
    for channel in range(3):
        base = (colour[None, :, channel] * gain[:, channel, None]).ravel()
        share = weight[..., channel].ravel() / np.maximum(base, 1e-4) ** 2
        design = rows * base[:, None]
        normal = design.T @ (design * share[:, None])
        # Neighbouring points see the same shadows: all together are worth a few hundred.
        normal[np.diag_indices(TERMS)] += count / 300 * 0.15**2 / _LIGHT_SPREAD**2
        result[:, channel] = np.linalg.solve(normal, design.T @ (value[..., channel].ravel() * share))
    return result


def _gains(value: Array, shade: Array, weight: Array, colour: Array) -> Array:
    ratio = np.log(np.maximum(value, 1e-4)) - np.log(shade) - np.log(colour)
    total = weight.sum(axis=1)
    gain = (weight * ratio).sum(axis=1) / (total + (0.15 / _GAIN_SPREAD) ** 2)
    return np.exp(gain - gain.mean(axis=0))


def _colours(ratio: Array, weight: Array) -> Array:
    total = weight.sum(axis=0)
    mean = (weight * ratio).sum(axis=0) / np.maximum(total, 1e-9)
    seen = total[:, 0] > 0.3
    middle = np.median(mean[seen], axis=0) if seen.any() else np.zeros(3)
    tie = (0.15 / _COLOUR_SPREAD) ** 2
    return np.exp((total * mean + tie * middle) / (total + tie))
