"""Light of nine terms where it is believed: never nearly dark, and never of a hue that no lamp of the clip has.

Nine terms follow what a face shows of its light and say anything of the rest: at nostrils, corners of the eyes and rims
of a face in one photograph a channel can be near 0, and what is divided by it glows in violet or yellow.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from ..contract.arrays import Array
from ..contract.shading import light_terms

DIMMEST: Final = 0.4
"""Least brightness relative to the light's middle: rooms and sensors lighten shadows."""
_SOFT: Final = 0.15
"""Relative brightness over which light goes over into that."""
_HUE: Final = 0.25
"""How far a channel may lie from the brightness, relative to the light's middle, as a logarithm."""
_FRONT: Final = np.array([1.0, 0.0, 0.0, -2 / 3, 0.0, 0.0, 0.0, 0.0, 0.5])
"""Mean of the terms over the half ball that faces the camera, by the cosine of the view."""
_LEAST: Final = 0.05
"""Of the light from everywhere, the least that the middle is taken for: a lamp behind the head leaves that."""


def believed_light(normals: Array, light: Array) -> Array:
    """Return the light (..., 3) at unit normals (..., 3), camera axes, that a picture may be divided by.

    Args:
        normals: Unit, camera axes.
        light: Spherical harmonics (9, 3).
    """
    middle = np.maximum(_FRONT @ light, max(_LEAST * float(np.abs(light[0]).max()), 1e-6))
    relative = light_terms(normals) @ light / middle
    bright = relative.mean(axis=-1, keepdims=True)
    raised = _raised(bright) / _raised(1.0)
    hue = (relative + np.maximum(raised - bright, 0)) / np.maximum(raised, bright)
    return middle * raised * np.clip(hue, np.exp(-_HUE), np.exp(_HUE))


def _raised(bright: Any) -> Any:
    """Return a brightness that goes over into the dimmest one smoothly."""
    return (bright + DIMMEST + np.sqrt((bright - DIMMEST) ** 2 + _SOFT**2)) / 2
