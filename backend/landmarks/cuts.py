"""Cuts: where a clip goes on with another picture, told apart from fast motion and from flashes."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..head.model import Floats, Integers

_COLOURS: Final = 0.28
"""Distance of colour histograms (0..1) that a cut has at least; fast motion keeps the colours."""
_STRUCTURE: Final = 0.5
"""Correlation of two pictures, moved against each other for the best match, above which there is no cut."""
_SPIKE: Final = 4.0
"""How many times larger the change is than around it; a wild camera changes everything all the time."""


def shots(thumbnails: NDArray[np.uint8], decoded: NDArray[np.bool_]) -> Integers:
    """Return the number of the shot of each frame (T,), counted from 0.

    A frame begins a shot where colours and structure both differ from the frame before, much more than neighbours do,
    and still differ two frames later from the frames before (a flash or a hand before the lens goes away again).

    Args:
        thumbnails: (T, h, w, 3) uint8.
        decoded: Frames that hold something (T,).
    """
    result = np.zeros(len(thumbnails), dtype=np.int64)
    rows = np.flatnonzero(decoded)
    if len(rows) < 2:
        return result
    small = thumbnails[rows]
    colours = _histograms(small)
    flat = _normalised(small)
    steps = np.array([_difference(colours, flat, k - 1, k) for k in range(1, len(rows))])
    last_cut = 0
    for k in range(1, len(rows)):
        if steps[k - 1] < 1.0 or not _stands_out(steps, k - 1):
            continue
        # The pictures after against the pictures before, over a flash of one or two frames.
        before = [b for b in (k - 1, k - 2) if b >= last_cut]
        after = [a for a in (k, k + 1, k + 2, k + 3) if a < len(rows)]
        if min(_difference(colours, flat, b, a) for b in before for a in after) >= 1.0:
            result[rows[k] :] += 1
            last_cut = k
    return result


def _difference(colours: Floats, flat: Floats, a: int, b: int) -> float:
    """1 and more where both colours and structure say cut."""
    colour = 0.5 * float(np.abs(colours[a] - colours[b]).sum()) / _COLOURS
    if colour < 0.7:
        return colour  # No cut, whatever the structure says, which takes longer to compute.
    structure = (1 - _best_match(flat[a], flat[b])) / (1 - _STRUCTURE)
    return min(colour, structure)


def _histograms(pictures: NDArray[np.uint8]) -> Floats:
    """Colour histograms (T, 6 * 6 * 6), each with sum 1, of pictures with their exposure evened out."""
    values = pictures.astype(np.float64).reshape(len(pictures), -1, 3)
    mean = values.mean(axis=(1, 2), keepdims=True)
    values = np.clip(values * (110.0 / np.maximum(mean, 8.0)), 0, 255.9)
    bins = (values / 256 * 6).astype(np.int64)
    index = (bins[..., 0] * 6 + bins[..., 1]) * 6 + bins[..., 2]
    histograms = np.stack([np.bincount(row, minlength=216) for row in index]).astype(np.float64)
    # A colour on the edge of a bin must not count as another: spread into the neighbours.
    cube = histograms.reshape(-1, 6, 6, 6)
    for axis in (1, 2, 3):
        moved = [np.take(cube, np.clip(np.arange(6) + step, 0, 5), axis=axis) for step in (-1, 1)]
        cube = 0.5 * cube + 0.25 * (moved[0] + moved[1])
    histograms = cube.reshape(len(pictures), -1)
    return histograms / histograms.sum(axis=1, keepdims=True)


def _normalised(pictures: NDArray[np.uint8]) -> Floats:
    """Grey pictures (T, h, w) with mean 0 and deviation 1: exposure and flashes drop out."""
    grey = pictures.astype(np.float64).mean(axis=3)
    grey -= grey.mean(axis=(1, 2), keepdims=True)
    return grey / (grey.std(axis=(1, 2), keepdims=True) + 2.0)


def _best_match(a: Floats, b: Floats) -> float:
    """Largest correlation of two pictures over small shifts: a moving camera is no cut."""
    height, width = a.shape
    best = -1.0
    for dy in (-3, -2, -1, 0, 1, 2, 3):
        for dx in (-5, -3, -2, -1, 0, 1, 2, 3, 5):
            pa = a[max(0, dy) : height + min(0, dy), max(0, dx) : width + min(0, dx)]
            pb = b[max(0, -dy) : height + min(0, -dy), max(0, -dx) : width + min(0, -dx)]
            pa, pb = pa - pa.mean(), pb - pb.mean()
            size = float(np.sqrt((pa * pa).sum() * (pb * pb).sum()))
            best = max(best, float((pa * pb).sum()) / size if size > 1e-6 else 0.0)
    return best


def _stands_out(steps: Floats, k: int) -> bool:
    around = np.concatenate([steps[max(0, k - 4) : k], steps[k + 1 : k + 5]])
    return bool(len(around) == 0 or steps[k] > _SPIKE * float(np.median(around)) or steps[k] > 3.0)
