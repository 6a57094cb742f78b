"""Cuts: where a clip goes on with another picture, told apart from fast motion and from flashes."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Floats, Integers
from .likeness import ANOTHER, difference, moved
from .observations import FaceObservations

_COLOURS: Final = 0.28
"""Distance of colour histograms (0..1) that a cut has at least; fast motion keeps the colours."""
_STRUCTURE: Final = 0.5
"""Correlation of two pictures, moved against each other for the best match, above which there is no cut."""
_SPIKE: Final = 4.0
"""How many times larger the change is than around it; a wild camera changes everything all the time."""
_JUMP: Final = 6.0
"""Mean difference of two pictures (0..255), moved for the best match, that a cut between like rooms has at least."""
_BEYOND_MOTION: Final = 4.0
"""How many times larger that difference is than any that motion makes just before and after; 2 without a cut."""
_BEYOND_MOTION_ANOTHER: Final = 1.5
"""The same where another face is seen after than before."""
_BEYOND_TURNING: Final = 1.5
"""How many times more than from frame to frame the faces differ then."""
_BEYOND_MOTION_UNSEEN: Final = 6.0
"""The same where no face is seen before or after, which could say that it has not moved."""
_STAYED: Final = 0.012
"""Share of the size of a face by which it moves at a cut at least: a lamp that is switched on moves nothing."""
_OTHER_SCENE: Final = 12.0
"""Difference of the pictures before and after a gap from which the gap is not bridged."""
_DAZZLED: Final = 8
"""Frames without a face (white, black, a hand before the lens) that are no shot where the picture comes back."""
_AROUND: Final = 3
"""Frames before and after whose motion is compared."""


def shots_of(observations: FaceObservations) -> Integers:
    """Return the number of the shot of each frame (T,) of a whole clip, counted from 0.

    Besides the cuts that `shots` finds by colours and structure, a frame begins a shot where the picture jumps by more
    than any motion around explains, and the faces do not say otherwise.
    """
    begins = np.zeros(len(observations.decoded), dtype=np.bool_)
    begins[1:] = np.diff(shots(observations.thumbnail, observations.decoded)) > 0
    rows = np.flatnonzero(observations.decoded)
    pictures = observations.thumbnail[rows].astype(np.float64)
    faces = [np.flatnonzero(observations.frame == row) for row in rows]
    for k in range(1, len(rows)):
        if begins[rows[k]] or _unmoved(pictures[k - 1], pictures[k]) < _JUMP:
            continue
        if begins[rows[max(0, k - _AROUND) : k]].any():
            continue  # The same cut, seen from a frame later.
        if _jumps(pictures, observations, faces, k):
            begins[rows[k]] = True
    for first, end in pairwise(np.flatnonzero(begins[rows]).tolist()):
        dazzled = end - first <= _DAZZLED and not any(len(face) for face in faces[first:end])
        if dazzled and _changed(pictures[first - 1], pictures[end]) < _JUMP:
            begins[rows[[first, end]]] = False
    return np.cumsum(begins, dtype=np.int64)


def parted_by_gaps(shot: Integers, followed: NDArray[np.bool_], thumbnails: NDArray[np.uint8]) -> Integers:
    """Return the shots (T,) so that a gap in which the picture became another one parts them too.

    Args:
        shot: Number of the shot of each frame (T,).
        followed: Frames in which the face is seen (T,).
        thumbnails: (T, h, w, 3) uint8.
    """
    result = shot.copy()
    for before, after in pairwise(np.flatnonzero(followed).tolist()):
        if after - before == 1 or shot[before] != shot[after]:
            continue
        if _changed(thumbnails[before].astype(np.float64), thumbnails[after].astype(np.float64)) >= _OTHER_SCENE:
            result[after:] += 1
    return result


def _jumps(pictures: Floats, observations: FaceObservations, faces: list[Integers], k: int) -> bool:
    """Whether the pictures from k on are others than those before, beyond what motion explains."""
    before = [b for b in (k - 1, k - 2) if b >= 0]
    after = [a for a in (k, k + 1, k + 2) if a < len(pictures)]
    jump = min(_changed(pictures[b], pictures[a]) for b in before for a in after)
    if jump < _JUMP:
        return False
    motion = [
        _changed(pictures[a], pictures[a + lag])
        for lag in (1, 2)
        for a in (*range(max(0, k - 2 - _AROUND), k - lag), *range(k, min(k + _AROUND, len(pictures) - lag)))
    ]
    beyond = jump / max(max(motion, default=0.0), 1e-3)
    old, new = faces[k - 1], faces[k]
    if len(old) == 0 or len(new) == 0:
        return beyond >= _BEYOND_MOTION_UNSEEN
    if min(moved(observations.points[a], observations.points[b]) for a in old for b in new) < _STAYED:
        return False
    if beyond >= _BEYOND_MOTION:
        return True
    return beyond >= _BEYOND_MOTION_ANOTHER and _another_face(observations, faces, k)


def _another_face(observations: FaceObservations, faces: list[Integers], k: int) -> bool:
    """Whether no face of the frames from k on is one of those before, and turning or talking is not the reason."""
    sides = [faces[max(0, k - _AROUND) : k], faces[k : k + _AROUND]]
    across = difference(*(observations.portrait[np.concatenate(side)] for side in sides))
    if across < ANOTHER:
        return False
    steps = [pair for side in sides for pair in pairwise(side) if len(pair[0]) and len(pair[1])]
    turning = max((difference(observations.portrait[a], observations.portrait[b]) for a, b in steps), default=0.0)
    return across >= _BEYOND_TURNING * turning


def _unmoved(a: Floats, b: Floats) -> float:
    """Mean difference of two pictures (h, w, 3) of the same brightness."""
    return float(np.abs(a - b * (a.mean() / max(float(b.mean()), 4.0))).mean())


def _changed(a: Floats, b: Floats) -> float:
    """The same where the second is moved for the best match."""
    height, width = a.shape[:2]
    return min(
        _unmoved(
            a[max(0, dy) : height + min(0, dy), max(0, dx) : width + min(0, dx)],
            b[max(0, -dy) : height + min(0, -dy), max(0, -dx) : width + min(0, -dx)],
        )
        for dy in (-2, -1, 0, 1, 2)
        for dx in (-3, -2, -1, 0, 1, 2, 3)
    )


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
        # The pictures after against the pictures before, over a flash of up to three frames that begins or ends here.
        before = [b for b in (k - 1, k - 2, k - 3, k - 4) if b >= last_cut]
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
