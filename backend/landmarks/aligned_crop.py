"""The aligned square around a face, as FFHQ defined it and trackers of avatars use it.

The square is an exact similarity of the picture, so its matrix brings everything back to the full frame.
"""

from __future__ import annotations

import dataclasses
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Floats, Picture
from ..contract.names import DLIB68_FROM_MEDIAPIPE
from .crop import Region, patch_around

SIZE: Final = 512
"""Side of an aligned picture in pixels."""
VERSION_1_SCALE: Final = 1.2
VERSION_4_SCALE: Final = 1.3
"""How much wider than FFHQ's square the research tracker cuts: version 1.01, and from 4 on."""
WHITE: Final = (255.0, 255.0, 255.0)


def dlib68(points: Floats) -> Floats:
    """Return the 68 dlib points (…, 68, D) of MediaPipe's landmarks (…, 478, D)."""
    pairs = np.array([(group[0], group[-1]) for group in DLIB68_FROM_MEDIAPIPE])
    return points[..., pairs, :].mean(axis=-2)


def ffhq_region(points: Floats, scale: float) -> Region:
    """Return FFHQ's square around a face (NVlabs/ffhq-dataset, recreate_aligned_images), `scale` times as large.

    Args:
        points: 68 dlib points (68, 2), full-frame pixels.
        scale: 1 for FFHQ itself.
    """
    right_eye, left_eye = points[36:42].mean(axis=0), points[42:48].mean(axis=0)
    eyes = (right_eye + left_eye) / 2
    eye_to_eye = left_eye - right_eye
    eye_to_mouth = (points[48] + points[54]) / 2 - eyes
    along = eye_to_eye - np.array([-eye_to_mouth[1], eye_to_mouth[0]])
    along /= np.hypot(*along)
    half = max(np.hypot(*eye_to_eye) * 2.0, np.hypot(*eye_to_mouth) * 1.8) * scale
    centre = eyes + 0.1 * eye_to_mouth
    # The corners are edges of pixels in FFHQ's code: half a pixel up and left of the landmark's own place and back.
    return Region(float(centre[0]), float(centre[1]), float(2 * half), float(np.arctan2(along[1], along[0])))


def cut(picture: Picture, region: Region, size: int = SIZE) -> Picture:
    """Return the square as a picture (size, size, 3), white outside of the frame, without aliasing."""
    patch = dataclasses.replace(patch_around(picture, region, size, margin=1.0), outside=WHITE)
    return patch.sample(region, size)


def cut_view(picture: Picture, homography: Floats, size: int = SIZE) -> Picture:
    """Return what another camera at the same place sees (size, size, 3), white outside of the frame.

    Args:
        picture: Full frame.
        homography: Pixel centres of the full frame -> of the view (3, 3).
        size: Side of the view.
    """
    height, width = picture.shape[:2]
    back = np.linalg.inv(homography)
    corner = np.array([[0.0, 0.0, 1.0], [size - 1.0, 0.0, 1.0], [0.0, size - 1.0, 1.0]]) @ back.T
    corner = corner[:, :2] / corner[:, 2:]
    per_pixel = np.sqrt(abs(np.linalg.det(corner[1:] - corner[0]))) / size
    block = max(1, int(per_pixel))
    if block > 1:
        divisible = picture[: height // block * block, : width // block * block]
        picture = cv2.resize(divisible, (width // block, height // block), interpolation=cv2.INTER_AREA).astype(
            np.uint8
        )
        shift = (block - 1) / 2
        homography = homography @ np.array([[block, 0.0, shift], [0.0, block, shift], [0.0, 0.0, 1.0]])
    flags = cv2.INTER_CUBIC if per_pixel < 1 else cv2.INTER_LINEAR
    warped = cv2.warpPerspective(
        picture, homography, (size, size), flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=WHITE
    )
    return warped.astype(np.uint8, copy=False)


def halved(picture: Picture) -> NDArray[np.uint8]:
    """Return a picture at half its size, averaged."""
    size = (picture.shape[1] // 2, picture.shape[0] // 2)
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
