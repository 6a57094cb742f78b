"""Pictures between 8-bit sRGB and linear light, by tables (IEC 61966-2-1)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Array
from ..system.pictures import srgb_code, srgb_light


def linear_from_srgb(image: Array) -> NDArray[np.float32]:
    """Return linear light 0..1 of an 8-bit sRGB image (IEC 61966-2-1)."""
    return srgb_light(np.arange(256) / 255.0).astype(np.float32)[image]


_STEPS = 4095


def srgb_from_linear(image: Array) -> NDArray[np.uint8]:
    """Return 8-bit sRGB of linear light; what is beyond 0..1 is clipped."""
    return _SRGB[(np.clip(image, 0, 1) * _STEPS + 0.5).astype(np.uint16)]


def _srgb_table() -> NDArray[np.uint8]:
    return np.rint(srgb_code(np.arange(_STEPS + 1) / _STEPS) * 255).astype(np.uint8)


_SRGB = _srgb_table()
