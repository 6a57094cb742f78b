"""How alike a picture and its rendering are: PSNR and SSIM inside a mask. 8-bit sRGB."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def psnr(picture: NDArray[np.uint8], rendering: NDArray[np.uint8], mask: Array) -> float:
    """Return the peak signal-to-noise ratio in dB over a mask (H, W) of pictures (H, W, 3)."""
    difference = picture[mask].astype(np.float64) - rendering[mask]
    return float(10 * np.log10(255**2 / max(float(np.square(difference).mean()), 1e-9)))


def ssim(picture: NDArray[np.uint8], rendering: NDArray[np.uint8], mask: Array) -> float:
    """Return the mean structural similarity of the brightness over a mask (Wang et al. 2004, Gaussian window 1.5)."""
    one, other = (cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float64) for image in (picture, rendering))

    def mean(image: Array) -> Any:
        return cv2.GaussianBlur(image, (11, 11), 1.5)

    first, second = mean(one), mean(other)
    spread_one, spread_other = mean(one * one) - first**2, mean(other * other) - second**2
    shared = mean(one * other) - first * second
    low, high = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    value = (2 * first * second + low) * (2 * shared + high)
    value = value / ((first**2 + second**2 + low) * (spread_one + spread_other + high))
    return float(value[mask].mean())
