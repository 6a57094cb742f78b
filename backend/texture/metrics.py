"""Likeness of a picture and its rendering: PSNR and SSIM inside the parts of a face. 8-bit sRGB."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Array

PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "face": ("face", "mouth_inside", "teeth", "tongue", "left_eyeball", "right_eyeball"),
    "skin": ("face",),
    "mouth": ("lips", "mouth_inside", "teeth", "tongue"),
    "lids": ("left_eyelid", "right_eyelid", "left_eyeball", "right_eyeball"),
    "scalp": ("scalp",),
}
"""What is compared, and the regions that belong to it: the whole face, its skin alone, and its parts apart."""


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


def visible_parts(ids: NDArray[np.int32], faces: Array, regions: Mapping[str, Array]) -> dict[str, NDArray[np.bool_]]:
    """Return the pixels (H, W) of each of the `PARTS` that a rasterised head shows, less two at its edge.

    Args:
        ids: Triangle of each pixel (H, W), -1 beside the head.
        faces: (F, 3).
        regions: Vertices by name; a head that names no face is all face.
    """
    masks = {}
    for part, names in PARTS.items():
        inside = np.zeros(int(faces.max()) + 1, dtype=bool)
        for name in names:
            inside[np.asarray(regions.get(name, ()), dtype=np.int64)] = True
        if part == "face" and "face" not in regions:
            inside[:] = True
        mask = (ids >= 0) & inside[faces].all(axis=1)[ids]
        # A mouth and an eye are a few pixels high: there the edge is another part of the face, which is compared too.
        edge = 5 if part in ("face", "skin", "scalp") else 1
        masks[part] = cv2.erode(mask.astype(np.uint8), np.ones((edge, edge), np.uint8)) > 0
    return masks
