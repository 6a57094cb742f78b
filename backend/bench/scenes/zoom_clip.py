"""A clip in which the lens zooms: a person filmed in twice the size, of which each frame shows a smaller middle."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ...contract.arrays import Floats
from ...contract.camera import Intrinsics
from ...head.model import HeadModel
from ...sample.canvas import make_canvas
from ...sample.clip import Truth, filmed, truth_of
from ...sample.people import TEXTURE_SIZE, person
from ..measures.metrics import smooth_step

WIDTH, HEIGHT = 640, 480
LARGER: Final = 2
"""How many times larger the person is filmed than the widest frame shows."""
TIMES: Final = 2.0
"""Longest focal length over the first one."""
FRAMES: Final = 40
RATE: Final = Fraction(20)
STARTS, ENDS = 0.2, 0.85
"""Shares of the clip at which the zoom begins and ends."""
FOCAL, FACE_WIDTH = 1.3, 105.0
"""Focal length of the first frame in widths of the picture, width of the face in it."""


def zoom_factors(frames: int = FRAMES) -> Floats:
    """Return by how much longer the lens is on each frame than on the first (T,)."""
    return TIMES ** smooth_step((np.linspace(0, 1, frames) - STARTS) / (ENDS - STARTS))


def film_zoom(head: HeadModel, seed: int, factors: Floats) -> tuple[Iterator[NDArray[np.uint8]], Truth, Intrinsics]:
    """Return the frames (H, W, 3), what they show, and the camera of the first one.

    Args:
        head: The built-in head.
        seed: Which person.
        factors: See `zoom_factors`.
    """
    width, height = LARGER * WIDTH, LARGER * HEIGHT
    plan = person(
        head,
        seed,
        focal=FOCAL,
        width=width,
        height=height,
        frames=len(factors),
        rate=RATE,
        face_width=LARGER * FACE_WIDTH,
        canvas=make_canvas(head, TEXTURE_SIZE),
    )
    truth = truth_of(head, plan)
    pictures = (_middle(picture, factor) for picture, factor in zip(filmed(head, plan, truth), factors, strict=True))
    return pictures, truth, plan.intrinsics.resized(WIDTH, HEIGHT)


def _middle(picture: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    """Return the middle of a picture as a lens that is longer by a factor shows it."""
    scale = float(factor) / LARGER
    large, small = (np.array(size) for size in (((picture.shape[1] - 1) / 2, (picture.shape[0] - 1) / 2), _CENTRE))
    matrix: Any = np.column_stack([scale * np.eye(2), small - scale * large])
    blurred = cv2.GaussianBlur(picture, (0, 0), max(0.45 / scale - 0.3, 0.2))
    return np.asarray(cv2.warpAffine(blurred, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR), dtype=np.uint8)


_CENTRE: Final = ((WIDTH - 1) / 2, (HEIGHT - 1) / 2)
