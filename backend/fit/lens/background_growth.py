"""Growth of the background from frame to frame: it grows in a zoom, and keeps still when a person walks nearer.

Corners beside the person are followed by Lucas and Kanade's method in reduced pictures, there and back, and a turn, a
growth and a shift are fitted to them that leave out what moves on its own.
(Bouguet, "Pyramidal implementation of the Lucas Kanade feature tracker", 2000.)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ...contract.arrays import Floats, Picture
from ..terms.robust import cauchy_weight

LONGER: Final = 480
"""Pixels of the longer side of the pictures in which corners are followed."""
_CORNERS: Final = 300
_FEWEST: Final = 12
_THERE_AND_BACK: Final = 0.4
"""Pixels by which a corner may miss its start when it is followed back."""
_ASTRAY: Final = 0.6
"""Cauchy's scale of a corner's error, pixels."""
_ROUNDS: Final = 12
_AGREE: Final = 0.5
"""Share of the corners that must move alike: else that is no background."""
_SPREAD: Final = 0.12
"""Deviation of the corners' places at least, share of the longer side: in a small patch no growth is seen."""
_SHIFT: Final = 0.1
"""Pixels to which a corner is placed."""
_BESIDE_HEAD, _ABOVE_HEAD, _SHOULDERS = 0.75, 0.85, 1.7
"""Half widths and height of what the person may cover, in heights of the face."""


@dataclass(frozen=True)
class Growth:
    """What happened to the background between two frames.

    Attributes:
        growth: Logarithm of how much larger it has become.
        sigma: Standard deviation of that; infinite where nothing could be followed.
    """

    growth: float
    sigma: float


UNSEEN: Final = Growth(0.0, float("inf"))


def steps_of(pictures: Iterable[tuple[int, Picture]], points: Floats, shot: NDArray[np.int64]) -> dict[int, Growth]:
    """Return for each picture but the first what happened since the one before.

    Args:
        pictures: Pairs of position in the clip, ascending, and picture.
        points: Landmarks of the whole clip (T, N, 2), pixels; NaN where no face was found.
        shot: Number of the shot of each frame (T,).
    """
    steps: dict[int, Growth] = {}
    before: tuple[int, NDArray[np.uint8]] | None = None
    known: Floats | None = None
    for position, picture in pictures:
        small, scale = _reduced(picture)
        face = points[position] * scale
        known = face if np.isfinite(face).all() else known
        if before is not None:
            same = shot[before[0]] == shot[position]
            steps[position] = step_between(before[1], small, known) if same else UNSEEN
        before = position, small
    return steps


def step_between(first: NDArray[np.uint8], second: NDArray[np.uint8], face: Floats | None) -> Growth:
    """Return what happened to the background between two grey pictures (H, W).

    Args:
        first, second: The pictures.
        face: Landmarks (N, 2) of the person who is no background, in their pixels; None where nobody is seen.
    """
    beside = _beside(first.shape, face)
    corners = cv2.goodFeaturesToTrack(first, _CORNERS, 0.01, 6, mask=beside)
    if corners is None or len(corners) < _FEWEST:
        return UNSEEN
    there, ok, _ = cv2.calcOpticalFlowPyrLK(first, second, corners, None, winSize=(15, 15), maxLevel=4)  # pyright: ignore
    back, ok_back, _ = cv2.calcOpticalFlowPyrLK(second, first, there, None, winSize=(15, 15), maxLevel=4)  # pyright: ignore
    start, end = corners[:, 0].astype(np.float64), there[:, 0].astype(np.float64)
    missed = np.linalg.norm(back[:, 0] - start, axis=1)
    matched = (ok[:, 0] > 0) & (ok_back[:, 0] > 0) & (missed < _THERE_AND_BACK) & _inside(end, beside)
    return _growth(start[matched], end[matched], max(first.shape))


def _growth(start: Floats, end: Floats, longer: int) -> Growth:
    """Fit z' = a z + b over complex numbers, with Cauchy's weights."""
    if len(start) < _FEWEST:
        return UNSEEN
    z, target = start @ (1, 1j), end @ (1, 1j)
    weight = np.ones(len(z))
    shift = complex(np.median((target - z).real), np.median((target - z).imag))
    factor = 1.0 + 0j
    for _ in range(_ROUNDS):
        error = np.abs(factor * z + shift - target)
        weight = cauchy_weight(error / max(_ASTRAY, float(np.median(error))))
        middle, to = (weight @ z) / weight.sum(), (weight @ target) / weight.sum()
        about = z - middle
        factor = (weight * about.conj()) @ (target - to) / (weight @ np.abs(about) ** 2)
        shift = to - factor * middle
    alike = np.abs(factor * z + shift - target) < 2 * _ASTRAY
    spread = float(np.sqrt((np.abs(z[alike] - z[alike].mean()) ** 2).mean() / 2)) if alike.any() else 0.0
    if alike.sum() < max(_FEWEST, _AGREE * len(z)) or spread < _SPREAD * longer:
        return UNSEEN
    return Growth(float(np.log(np.abs(factor))), _SHIFT / (spread * float(np.sqrt(2 * alike.sum()))))


def _reduced(picture: Picture) -> tuple[NDArray[np.uint8], float]:
    """Return a picture in grey with sides of at most `LONGER`, and its pixels per pixel of the full frame."""
    scale = min(1.0, LONGER / max(picture.shape[:2]))
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA) if scale < 1.0 else picture
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), dtype=np.uint8), scale


def _beside(shape: tuple[int, ...], face: Floats | None) -> NDArray[np.uint8]:
    """Return 255 where a picture (H, W) shows neither head nor shoulders."""
    beside = np.full(shape[:2], 255, dtype=np.uint8)
    if face is None:
        return beside
    low, high = face.min(axis=0), face.max(axis=0)
    size, middle = float((high - low).max()), (low + high) / 2
    _clear(beside, middle[0] - _BESIDE_HEAD * size, middle[0] + _BESIDE_HEAD * size, middle[1] - _ABOVE_HEAD * size)
    _clear(beside, middle[0] - _SHOULDERS * size, middle[0] + _SHOULDERS * size, high[1])
    return beside


def _clear(mask: NDArray[np.uint8], left: float, right: float, top: float) -> None:
    """Set everything below a height to 0."""
    mask[max(0, int(top)) :, max(0, int(left)) : max(0, int(np.ceil(right)))] = 0


def _inside(points: Floats, mask: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether points (N, 2) lie where a mask is not 0."""
    x, y = np.rint(points).astype(np.int64).T
    within = (x >= 0) & (y >= 0) & (x < mask.shape[1]) & (y < mask.shape[0])
    return np.asarray(within & (mask[np.where(within, y, 0), np.where(within, x, 0)] > 0))
