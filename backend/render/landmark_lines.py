"""Landmarks of a face as lines: outline, brows, eyes, irises and lips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Picture
from ..contract.names import (
    DLIB68_FROM_MEDIAPIPE,
    FACE_OVAL,
    INNER_LIPS_LOWER,
    INNER_LIPS_UPPER,
    LEFT_EYE_LOWER,
    LEFT_EYE_UPPER,
    LEFT_IRIS,
    OUTER_LIPS_LOWER,
    OUTER_LIPS_UPPER,
    RIGHT_EYE_LOWER,
    RIGHT_EYE_UPPER,
    RIGHT_IRIS,
)

_FACE: Final = (90, 230, 130)
_IRIS: Final = (80, 200, 255)
_SHADE: Final = (20, 40, 30)
_RIGHT_BROW, _LEFT_BROW = (tuple(DLIB68_FROM_MEDIAPIPE[k][0] for k in part) for part in (range(17, 22), range(22, 27)))


def _loop(upper: Sequence[int], lower: Sequence[int]) -> tuple[int, ...]:
    return (*upper, *reversed(lower))


LOOPS: Final = (
    FACE_OVAL,
    _loop(RIGHT_EYE_UPPER, RIGHT_EYE_LOWER),
    _loop(LEFT_EYE_UPPER, LEFT_EYE_LOWER),
    _loop(OUTER_LIPS_UPPER, OUTER_LIPS_LOWER),
    _loop(INNER_LIPS_UPPER, INNER_LIPS_LOWER),
)
ROWS: Final = (_RIGHT_BROW, _LEFT_BROW)
_SHADED: Final = 110.0
"""Pixels of a face's height from which its lines get a dark edge; smaller ones would drown in it."""

_FRACTION: Final = 4
"""Bits of a pixel's fraction with which OpenCV draws."""


def draw_landmark_lines(picture: Picture, faces: Sequence[NDArray[Any]], scale: float = 1.0) -> Picture:
    """Return the picture with the landmarks of all faces drawn over it.

    Args:
        picture: RGB; not changed.
        faces: Landmarks (478, 2 or 3) of each face in pixels of the full frame.
        scale: Pixels of the picture per pixel of the full frame.
    """
    result = np.array(picture, dtype=np.uint8, order="C")
    for points in faces:
        height = scale * float(np.ptp(points[list(FACE_OVAL), 1]))
        thick = max(1, round(height / 200))
        strokes = ((_SHADE, thick + 2), (_FACE, thick)) if height > _SHADED else ((_FACE, thick),)
        places = np.round(((points[:, :2] + 0.5) * scale - 0.5) * (1 << _FRACTION)).astype(np.int32)
        for colour, width in strokes:
            loops = [places[list(loop)] for loop in LOOPS]
            rows = [places[list(row)] for row in ROWS]
            cv2.polylines(result, loops, True, colour, width, cv2.LINE_AA, _FRACTION)
            cv2.polylines(result, rows, False, colour, width, cv2.LINE_AA, _FRACTION)
        for iris in (RIGHT_IRIS, LEFT_IRIS):
            cv2.polylines(result, [places[list(iris[1:])]], True, _IRIS, thick, cv2.LINE_AA, _FRACTION)
    return result
