"""Borders of a parsing moved to where the picture's colours change, and small islands removed.

Geometry knows about where hair, skin and cloth meet, the picture exactly: near each border every pixel goes to the side
that its colour resembles more, colours being looked at close by, for light and patterns change over a picture.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Array, Mask
from . import classes

_SKIN: Final = (classes.SKIN, classes.NOSE, classes.LEFT_EAR, classes.RIGHT_EAR, classes.NECK)
_COARSER: Final = 3
"""Borders are looked for in a picture that is smaller by this factor: hair is no sharper than that."""
_ROUNDS: Final = 3
_NEAR: Final = 0.02
"""How far a border moves in a round, and ..."""
_AROUND: Final = 0.05
"""... how far around a pixel the colours of both sides are looked at: shares of the picture's side."""
_NOISE: Final = np.array([90.0, 8.0, 8.0], dtype=np.float32)
"""Least variance of lightness and tints (8-bit Lab) on one side."""
_TRUST: Final = 0.35
"""Power of the colours' likelihood: neighbouring pixels are no independent witnesses."""
_ISLAND: Final = 0.0015
"""Share of the picture below which a patch of hair, cloth or neck by itself is none."""


def moved_to_colours(result: Array, lab: Array, fixed: Mask) -> Array:
    """Return a parsing (S, S) whose borders between bare skin, hair and cloth lie where the colours change.

    Args:
        result: Classes (S, S).
        lab: The picture in Lab (S, S, 3), 8-bit scale.
        fixed: Pixels that stay (S, S).
    """
    size = result.shape[0]
    small = (size // _COARSER, size // _COARSER)
    colour = cv2.resize(lab.astype(np.float32), small, interpolation=cv2.INTER_AREA)
    before = cv2.resize(_sides(result), small, interpolation=cv2.INTER_NEAREST)
    movable = (before >= 0) & (cv2.resize(fixed.astype(np.uint8), small, interpolation=cv2.INTER_NEAREST) == 0)
    side = before
    for _ in range(_ROUNDS):
        score = np.stack([_score(side == number, colour, small[0]) for number in range(3)])
        best = np.argmax(score, axis=0).astype(np.int8)
        side = np.where(movable & (score.max(axis=0) > 0), best, before)
    now = _enlarged(side, size)
    changed = (now != _sides(result)) & (now >= 0) & ~fixed
    skin = nearest_class(result, np.isin(result, _SKIN))
    named = np.where(now == 0, skin, np.where(now == 1, classes.HAIR, classes.CLOTH))
    return np.where(changed, named, result)


def _enlarged(side: Array, size: int) -> NDArray[np.int8]:
    """Sides at full size (S, S), with smooth borders."""
    shares = [(side == number).astype(np.float32) for number in (-1, 0, 1, 2)]
    large = [cv2.resize(share, (size, size), interpolation=cv2.INTER_LINEAR) for share in shares]
    return (np.argmax(np.stack(large), axis=0) - 1).astype(np.int8)


def _sides(result: Array) -> NDArray[np.int8]:
    """0 bare skin, 1 hair, 2 cloth, -1 anything else."""
    sides = np.full(result.shape, -1, dtype=np.int8)
    sides[np.isin(result, _SKIN)] = 0
    sides[result == classes.HAIR] = 1
    sides[result == classes.CLOTH] = 2
    return sides


def _score(here: Mask, colour: Array, size: int) -> Array:
    """How likely pixels belong to a side: how much of it is near them, times how like their colours are."""
    share = here.astype(np.float32)
    near = _mean(share, _NEAR * size)
    around = np.maximum(_mean(share, _AROUND * size), np.float32(1e-4))[..., None]
    mean = _mean(colour * share[..., None], _AROUND * size) / around
    square = _mean(colour * colour * share[..., None], _AROUND * size) / around
    variance = np.maximum(square - mean * mean, 0) + _NOISE
    likeness = -((colour - mean) ** 2 / variance + np.log(variance)).sum(axis=2) / 2
    return near * np.exp(_TRUST * likeness)


def _mean(values: Array, reach: float) -> Array:
    side = 2 * max(round(reach), 1) + 1
    return cv2.blur(values, (side, side))


def nearest_class(result: Array, known: Mask) -> Array:
    """Return for every pixel the class of the nearest known one (S, S); the classes themselves where none is known."""
    if not known.any():
        return result
    beside = (~known).astype(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(beside, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL)
    number = np.asarray(labels, dtype=np.int64)
    of_label = np.zeros(int(number.max()) + 1, dtype=np.int64)
    of_label[number[known]] = result[known]
    return of_label[number]


def without_islands(result: Array) -> Array:
    """Return a parsing (S, S) in which small lone patches belong to what is around them."""
    islands = np.zeros(result.shape, dtype=bool)
    least = _ISLAND * result.size
    for number in (classes.HAIR, classes.CLOTH, classes.NECK, classes.SKIN):
        count, labels, stats, _ = cv2.connectedComponentsWithStats((result == number).astype(np.uint8))
        small = np.flatnonzero(stats[:, cv2.CC_STAT_AREA] < least)
        if count > 1:
            islands |= (result == number) & np.isin(labels, small[small > 0])
    return nearest_class(result, ~islands) if islands.any() else result
