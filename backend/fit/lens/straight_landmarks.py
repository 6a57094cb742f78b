"""Landmarks and masks found in curved footage, as the straight picture of a pinhole camera shows them.

All that follows is made for pinhole cameras. The track says how its pixels come back to the footage.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ...contract.arrays import Floats
from ...contract.distortion import CurvedLens
from ...data.types import Landmarks, PersonMasks


def straight_landmarks(landmarks: Landmarks, curved: CurvedLens | None) -> Landmarks:
    """Return landmarks in pixels of the straight picture; as they are where the lens is not curved (None)."""
    if curved is None:
        return landmarks
    points = landmarks.points.astype(np.float64)
    points[..., :2] = _straight(points[..., :2], curved)
    # Depth and spread are in pixels, too; over a face a lens is the same everywhere.
    larger = np.where(landmarks.found, curved.growth(points[:, :, :2].mean(axis=1)), 1.0)[:, None]
    points[..., 2] /= larger
    return replace(
        landmarks,
        points=points.astype(np.float32),
        spread=(landmarks.spread / larger).astype(np.float32),
        masks=None if landmarks.masks is None else _straight_masks(landmarks.masks, curved),
    )


def _straight(pixels: Floats, curved: CurvedLens) -> Floats:
    """Return pixels of the straight picture; those beyond the border of the footage go as far beyond it as before."""
    last = np.array([curved.intrinsics.width, curved.intrinsics.height]) - 0.5
    within = np.clip(pixels, -0.5, last)
    return curved.straightened(within) + (pixels - within)


def _straight_masks(masks: PersonMasks, curved: CurvedLens) -> PersonMasks:
    count, height, width = masks.mask.shape
    grid = np.stack([*np.meshgrid(np.arange(width), np.arange(height)), np.ones((height, width))], axis=-1)
    mask = np.empty_like(masks.mask)
    skin = None if masks.skin is None else np.empty_like(masks.skin)
    for row in range(count):
        to_image = masks.to_image[row]
        footage = curved.on_footage(grid @ to_image.T)
        source = (footage - to_image[:, 2]) @ np.linalg.inv(to_image[:, :2]).T
        mask[row] = _moved(masks.mask[row], source)
        if skin is not None and masks.skin is not None:
            skin[row] = _moved(masks.skin[row], source)
    return replace(masks, mask=mask, skin=skin)


def _moved(picture: NDArray[np.uint8], source: Floats) -> NDArray[np.uint8]:
    """Return a mask that has at each pixel what another has at `source` (H, W, 2)."""
    across, down = source[..., 0].astype(np.float32), source[..., 1].astype(np.float32)
    moved = cv2.remap(picture, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, dtype=np.uint8)
